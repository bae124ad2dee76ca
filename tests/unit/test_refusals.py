"""What the bodies of refusals mean."""

from __future__ import annotations

import msgspec
import pytest

from cwbridge import errors
from cwbridge.connectors import answers
from cwbridge.connectors.connectwise import refusals
from cwbridge.connectors.jetbuilt import refusals as jetbuilt_refusals

HTML = {"Content-Type": "text/html; charset=us-ascii"}
NOT_FOUND_PAGE = b"<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head></html>"


def body(code: str, message: str = "", *inner: tuple[str, str, str]) -> bytes:
    complaints = [{"code": c, "message": m, "field": f, "resource": "thing"} for c, m, f in inner]
    return msgspec.json.encode({"code": code, "message": message, "errors": complaints or None})


def read(status: int, content: bytes, headers: dict[str, str] | None = None) -> errors.WorkError:
    return refusals.classify(status, headers or {"Content-Type": "application/json"}, content)


@pytest.mark.parametrize(
    ("status", "content", "kind", "field"),
    [
        (400, body("InvalidObject", "", ("ObjectExists", "Company ID already in use.", "identifier")), errors.Duplicate, "identifier"),
        (400, body("InvalidObject", "", ("MissingRequiredField", "The contact field is required.", "contact")), errors.MissingField, "contact"),
        (400, body("InvalidObject", "", ("InvalidField", "Enum value supplied was invalid", "type")), errors.ValueRefused, "type"),
        (400, body("InvalidObject", "", ("OutOfRange", "must be between 1900 and 9999", "yearEstablished")), errors.ValueRefused, "yearEstablished"),
        (400, body("InvalidObject", "", ("UnsupportedFormat", "no time", "closedDate")), errors.ValueRefused, "closedDate"),
        (400, body("InvalidObject", "", ("X", "accountNumber must be a string with a maximum length of 41", "accountNumber")), errors.ValueRefused, "accountNumber"),
        (400, body("InvalidObject", "A duplicate contact was found"), errors.Duplicate, "contact"),
        (400, body("UnsupportedFormat", "no time"), errors.ValueRefused, ""),
    ],
)  # fmt: skip
def test_a_complaint_about_a_field_names_it(
    status: int, content: bytes, kind: type[errors.WorkError], field: str
) -> None:
    error = read(status, content)
    assert type(error) is kind
    assert getattr(error, "field") == field  # noqa: B009 - three classes share the attribute, not a base
    assert not field or field in error.cause


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (401, body("Unauthorized", "no"), errors.AuthenticationRefused),
        (401, b"", errors.AuthenticationRefused),
        (400, body("UserNotAuthenticated", "no"), errors.AuthenticationRefused),
        (403, body("Security", "Missing clientId"), errors.PermissionRefused),
        (403, body("InsufficientSecurityPermission", "no"), errors.PermissionRefused),
        (404, body("NotFound", "Contact 57919 not found"), errors.NotFound),
        (404, body("ConnectWiseApi", "The endpoint does not exist."), refusals.EndpointMissing),
        (404, body("ConnectWiseApi", "UserNotAuthenticated"), refusals.EndpointMissing),
        (404, b"", refusals.EndpointMissing),
        (400, body("ApiFindCondition", "board/name is not a recognized name."), errors.RequestRefused),
        (400, body("InvalidRequest", "odd"), errors.RequestRefused),
        (405, b"", errors.RequestRefused),
        (409, body("Conflict", "Product is on purchase order 17"), errors.Protected),
        (302, b"", errors.RequestRefused),
        (400, body("X", "Inventory auditing is in progress"), errors.InventoryLocked),
        (
            409,
            body("X", "", ("Y", "The record cannot be changed: audit of inventory", "")),
            errors.InventoryLocked,
        ),
        (400, body("X", "Warehouse Main is currently locked"), errors.InventoryLocked),
        (400, body("X", "A physical count is running"), errors.InventoryLocked),
    ],
)
def test_each_refusal_has_its_branch(status: int, content: bytes, kind: type[errors.WorkError]) -> None:
    assert type(read(status, content)) is kind


@pytest.mark.parametrize(
    "message",
    [
        "Inventory item 12 not found",
        "The class Inventory is not allowed here",
        "The audit trail is not available",
    ],
)
def test_words_near_inventory_auditing_do_not_park_a_job(message: str) -> None:
    assert not isinstance(read(400, body("InvalidObject", message)), errors.Wait)


def test_an_html_page_of_the_web_server_is_a_missing_endpoint() -> None:
    error = read(404, NOT_FOUND_PAGE, HTML)
    assert type(error) is refusals.EndpointMissing
    assert error.detail == "404 - File or directory not found."


def test_an_existing_record_goes_before_a_missing_field() -> None:
    both = body(
        "InvalidObject", "", ("MissingRequiredField", "x", "site"), ("ObjectExists", "y", "identifier")
    )
    assert isinstance(read(400, both), errors.Duplicate)


@pytest.mark.parametrize(
    ("status", "one", "other"),
    [
        (404, body("NotFound", "Company 1 not found"), body("NotFound", "Company 2 not found")),
        (409, body("Conflict", "Product 1 is in use"), body("Conflict", "Product 2 is in use")),
        (400, body("Odd", "Record 1"), body("Odd", "Record 2")),
        (
            400,
            body("InvalidObject", "a", ("ObjectExists", "ACME in use", "identifier")),
            body("InvalidObject", "b", ("ObjectExists", "BETA in use", "identifier")),
        ),
    ],
)
def test_equal_trouble_has_equal_cause(status: int, one: bytes, other: bytes) -> None:
    first, second = read(status, one), read(status, other)
    assert first.cause == second.cause
    assert first.detail != second.detail


def test_a_missing_client_id_names_its_setting() -> None:
    assert "CWBRIDGE_CONNECTWISE__CLIENT_ID" in read(403, body("Security", "Missing clientId header")).remedy


def test_the_user_interface_host_gets_a_remedy() -> None:
    assert "api-" in read(400, body("Security", "SSL is required.")).remedy


@pytest.mark.parametrize(
    "content", [b"[]", b"null", b'"x"', b"\xff\xfe", b"{", b'{"errors": 5}', b'{"errors":[1,null]}']
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415])
def test_no_body_is_too_odd(status: int, content: bytes) -> None:
    assert isinstance(read(status, content), errors.Refused)
    assert isinstance(jetbuilt_refusals.classify(status, {}, content), errors.Refused)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.AuthenticationRefused),
        (403, errors.PermissionRefused),
        (404, errors.NotFound),
        (422, errors.RequestRefused),
        (301, errors.RequestRefused),
    ],
)
def test_jetbuilt_refuses_by_status(status: int, kind: type[errors.WorkError]) -> None:
    error = jetbuilt_refusals.classify(status, {}, b'{"error": "No"}')
    assert type(error) is kind
    assert error.detail == "No"


@pytest.mark.parametrize(
    ("content", "headers", "said"),
    [
        (b'{"error":"ConnectWiseAPI","message":"Too many requests."}', {}, "Too many requests."),
        (b'{"error":"Nope"}', {}, "Nope"),
        (b'{"errors":{"name":["is missing"]}}', {}, '{"name":["is missing"]}'),
        (b"<html><body><h1>Oh&nbsp;no</h1><script>x()</script></body>", HTML, "Oh no"),
        (b"plain\n text", {}, "plain text"),
        (b"", {}, ""),
    ],
)
def test_what_a_body_says(content: bytes, headers: dict[str, str], said: str) -> None:
    assert answers.text_of(headers, content) == said


def test_a_long_text_is_cut() -> None:
    assert len(answers.text_of({}, b"x" * 100_000)) == 300


def test_links_give_parameters_and_never_an_address() -> None:
    header = '<https://evil.example/x?page=3&pageSize=25>; rel="next", <https://a/b?page=9,8>; title="a, b"; rel=last'
    assert answers.links(header) == {"next": {"page": "3", "pageSize": "25"}, "last": {"page": "9,8"}}
    assert answers.links("nonsense; rel=next") == {}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), ("-3", 0.0), (None, 30.0), ("x", 30.0), ("nan", 30.0), ("1e9", 3600.0)],
)
def test_retry_after_is_read_or_replaced(text: str | None, seconds: float) -> None:
    assert answers.retry_after(text, default=30.0) == seconds
