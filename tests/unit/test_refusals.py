"""What the bodies of refusals mean."""

from __future__ import annotations

from collections.abc import Callable

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
    error = refusals.classify(status, headers or {"Content-Type": "application/json"}, content)
    assert error is not None, "taken for the page of a gateway"
    return error


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
        (400, body("InvalidObject", "", ("NotFound", "Company 7 not found", "company")), errors.ReferenceGone, "company"),
        (400, body("InvalidObject", "", ("NotFound", "Product 7 not found", "catalogItem/id")), errors.ReferenceGone, "catalogItem"),
        (400, body("InvalidObject", "", ("InvalidReference", "no such site", "site")), errors.ReferenceGone, "site"),
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
        (405, body("MethodNotAllowed", "no"), errors.RequestRefused),
        (414, b"", errors.RequestRefused),
        (409, body("Conflict", "Product is on purchase order 17"), errors.Protected),
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


def test_a_404_page_may_mean_that_the_code_base_moved_and_says_nothing_of_credentials() -> None:
    error = read(404, NOT_FOUND_PAGE, HTML)
    assert type(error) is refusals.EndpointMissing
    assert error.page
    assert error.detail == "404 - File or directory not found."
    told = read(404, body("ConnectWiseApi", "The endpoint does not exist."))
    assert isinstance(told, refusals.EndpointMissing)
    assert not told.page


PAGES = [
    (NOT_FOUND_PAGE, HTML),
    (b"", {}),
    (b"Bad gateway", {"Content-Type": "text/plain"}),
    (b"null", {}),
    (b"[]", {}),
]


@pytest.mark.parametrize(("content", "headers"), PAGES)
@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 405, 407, 409, 415])
def test_a_refusal_without_the_form_of_an_api_is_the_page_of_a_gateway(
    status: int, content: bytes, headers: dict[str, str]
) -> None:
    assert refusals.classify(status, headers, content) is None
    assert jetbuilt_refusals.classify(status, headers, content) is None


@pytest.mark.parametrize(("content", "headers"), PAGES)
def test_a_404_that_jetbuilt_did_not_send_is_no_missing_record(
    content: bytes, headers: dict[str, str]
) -> None:
    assert jetbuilt_refusals.classify(404, headers, content) is None


@pytest.mark.parametrize("classify", [refusals.classify, jetbuilt_refusals.classify])
def test_refused_credentials_are_told_from_the_page_of_a_gateway(
    classify: Callable[..., errors.WorkError | None],
) -> None:
    asked_for = {"WWW-Authenticate": 'Token realm="Application"'}
    told = [(b"", {}), (b"", HTML), (b'{"error":"no"}', {}), (b"HTTP Token: Access denied.", asked_for)]
    for content, headers in told:
        assert type(classify(401, headers, content)) is errors.AuthenticationRefused
    for content, headers in [
        (NOT_FOUND_PAGE, HTML),
        (NOT_FOUND_PAGE, HTML | asked_for),
        (b"Log in first", {}),
    ]:
        assert classify(401, headers, content) is None


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
def test_equal_failures_have_equal_causes(status: int, one: bytes, other: bytes) -> None:
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
    for error in (refusals.classify(status, {}, content), jetbuilt_refusals.classify(status, {}, content)):
        assert error is None or isinstance(error, errors.Refused)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.AuthenticationRefused),
        (403, errors.PermissionRefused),
        (404, errors.NotFound),
        (422, errors.RequestRefused),
    ],
)
def test_jetbuilt_refuses_by_status(status: int, kind: type[errors.WorkError]) -> None:
    error = jetbuilt_refusals.classify(status, {}, b'{"error": "No"}')
    assert error is not None
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


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), ("-3", 0.0), (None, 30.0), ("x", 30.0), ("nan", 30.0), ("1e9", 3600.0)],
)
def test_retry_after_is_read_or_replaced(text: str | None, seconds: float) -> None:
    assert answers.retry_after(text, default=30.0) == seconds
