"""Records: both null styles, exact decimals, nothing that is no number, and the names of the specification."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge.connectors.connectwise import finance
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.drafts import Change, draft_body, patch_body
from cwbridge.connectors.jetbuilt import models as jetbuilt
from cwbridge.connectors.reading import reader

AMOUNTS = ["0.1", "1234567.89", "22257.98", "70370.4089260971998418969570213514", "-0.01", "0.00", "1e3"]
SCHEMAS = {
    "TypeAssociation": "Company.CompanyTypeAssociation",
    "Reference": "CompanyReference",
    "Site": "CompanySite",
    "CommunicationItem": "ContactCommunication",  # those within a contact have no _info
    "Stage": "OpportunityStage",
    "Probability": "SalesProbability",
    "Note": "OpportunityNote",
    "Currency": "Finance.Currency",
    "SystemInfo": "Info",
    "Conversion": "SalesConversion",
    "CustomField": "CustomFieldValue",
    "InvoiceStatus": "BillingStatus",
    "InvoiceStatusReference": "BillingStatusReference",
}
NO_SCHEMA = {"Info", "Tracked"}

read_opportunity = reader(connectwise.Opportunity)
read_product = reader(connectwise.ProductItem)
read_item = reader(jetbuilt.LineItem)


@pytest.mark.parametrize(
    "style",
    [
        '"site":null,"notes":null,',
        "",
        '"site":{},',
        '"site":{"id":null,"name":null},',
        '"site":{"_info":{}},',
    ],
)
def test_nothing_is_none_in_every_null_style(style: str) -> None:
    opportunity = read_opportunity(
        b'{"id":12,%s"name":"x","company":{"id":19,"name":"XYZ"}}' % style.encode()
    )
    assert opportunity.site is None
    assert opportunity.notes is None
    assert opportunity.company == connectwise.Reference(id=19, name="XYZ")


def test_unknown_fields_are_passed_over() -> None:
    assert read_opportunity(b'{"id":1,"brandNew":{"deep":[1,2]}}').id == 1


def test_change_markers_and_moments_are_read() -> None:
    opportunity = read_opportunity(
        b'{"id":1,"expectedCloseDate":"2024-05-31T00:00:00Z",'
        b'"_info":{"lastUpdated":"2024-05-01T10:00:00Z","updatedBy":"api","x_href":"https://x"}}'
    )
    assert opportunity.expectedCloseDate == datetime(2024, 5, 31, tzinfo=UTC)
    assert opportunity.info == connectwise.Info(datetime(2024, 5, 1, 10, tzinfo=UTC), "api")


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read_opportunity(b'{"id":1,"closedDate":"2024-05-31T00:00:00"}')


@pytest.mark.parametrize("amount", AMOUNTS)
def test_amounts_are_exact_both_ways(amount: str) -> None:
    exact = Decimal(amount)
    product = read_product(f'{{"id":1,"price":{amount}}}'.encode())
    assert str(product.price) == str(exact)
    for written in (f'"{amount}"', amount):
        assert str(read_item(f'{{"id":1,"kind":"physical","price":{written}}}'.encode()).price) == str(exact)
    sent = draft_body({"price": product.price})
    assert sent == f'{{"price":{exact}}}'.encode()
    assert read_product(b'{"id":1,' + sent[1:]).price == exact


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_decimal_survives_the_wire(amount: Decimal) -> None:
    sent = draft_body({"id": 1, "price": amount})
    assert str(read_product(sent).price) == str(amount)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_amount(text: str) -> None:
    body = f'[{{"id":5,"kind":"physical","labor":[{{"cost":"{text}"}}]}}]'.encode()
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\[0\].labor\[0\].cost`"):
        reader(list[jetbuilt.LineItem])(body)


def test_the_words_nan_and_infinity_may_stand_in_texts() -> None:
    assert read_item(b'{"id":5,"kind":"physical","model":"NaN"}').model == "NaN"


@pytest.mark.parametrize("body", [b"{}", b'{"line_items":[]}', b'{"line_items":null,"factors":[]}'])
def test_an_answer_without_its_lists_is_not_an_empty_project(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        reader(jetbuilt.ProjectItems)(body)


def test_the_family_of_a_project_is_its_first_version() -> None:
    read = reader(jetbuilt.Project)
    assert read(b'{"id":97739,"original_version_id":97737}').family == 97737
    assert read(b'{"id":97739,"original_version_id":null}').family == 97739


def test_jetbuilt_moments_keep_their_instant() -> None:
    project = reader(jetbuilt.Project)(b'{"id":1,"updated_at":"2018-10-31T14:19:14.241-07:00"}')
    assert project.updated_at == datetime(2018, 10, 31, 21, 19, 14, 241000, tzinfo=UTC)


def test_empty_references_of_jetbuilt_are_none() -> None:
    project = reader(jetbuilt.Project)(b'{"id":1,"client":{"id":null},"owner":null,"primary_contact":{}}')
    assert (project.client, project.owner, project.primary_contact) == (None, None, None)


@pytest.mark.parametrize(
    "draft", [{"price": 0.1}, {"lines": [{"deep": 1.0}]}, {"day": datetime(2026, 1, 1, tzinfo=UTC).date()}]
)
def test_a_draft_takes_no_floats_and_no_bare_dates(draft: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        draft_body(draft)


def test_a_draft_takes_no_amount_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="not an amount"):
        draft_body({"price": Decimal("NaN")})


def test_a_draft_is_written_as_connectwise_wants_it() -> None:
    draft = {
        "name": "a\r\nb\x08\tc\x0c",
        "close": datetime(2026, 11, 21, 22, 18, 5, 999, tzinfo=UTC),
        "flag": True,
        "nothing": None,
        "company": {"id": 5},
        "lines": ({"quantity": Decimal("2.50")},),
    }
    assert draft_body(draft) == (
        b'{"name":"a\\nb\\tc","close":"2026-11-21T22:18:05Z","flag":true,"nothing":null,'
        b'"company":{"id":5},"lines":[{"quantity":2.50}]}'
    )


def test_a_patch_is_an_array_of_steps() -> None:
    changes = (
        Change("replace", "/company", {"id": 5}),
        Change("remove", "/notes"),
        Change("add", "/price", Decimal("0.1")),
    )
    assert patch_body(changes) == (
        b'[{"op":"replace","path":"/company","value":{"id":5}},{"op":"remove","path":"/notes"},'
        b'{"op":"add","path":"/price","value":0.1}]'
    )


def _records() -> list[type[msgspec.Struct]]:
    return [
        model
        for module in (connectwise, finance)
        for model in vars(module).values()
        if isinstance(model, type)
        and issubclass(model, msgspec.Struct)
        and model.__module__ == module.__name__
        and model.__name__ not in NO_SCHEMA
    ]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    name = os.environ.get("CWBRIDGE_SPEC", "")
    if not name or not Path(name).is_file():
        pytest.skip("CWBRIDGE_SPEC names no specification file")
    schemas: dict[str, Any] = msgspec.json.decode(Path(name).read_bytes())["components"]["schemas"]
    return schemas


@pytest.mark.parametrize("model", _records(), ids=lambda model: model.__name__)
def test_every_field_read_is_in_the_specification(
    schemas: dict[str, Any], model: type[msgspec.Struct]
) -> None:
    known = schemas[SCHEMAS.get(model.__name__, model.__name__)]["properties"]
    for field in msgspec.structs.fields(model):
        assert field.encode_name in known, f"{model.__name__}.{field.encode_name}"
        _same_kind(model, field, known[field.encode_name])


def _same_kind(
    model: type[msgspec.Struct], field: msgspec.structs.FieldInfo, declared: dict[str, Any]
) -> None:
    """A field we read as text, number, flag or reference is declared as one."""
    choices = {
        choice for choice in getattr(field.type, "__args__", (field.type,)) if choice is not type(None)
    }
    kinds: dict[tuple[str, str], set[object]] = {
        ("string", ""): {str},
        ("string", "date-time"): {connectwise.Moment},
        ("number", "double"): {Decimal},
        ("integer", "int32"): {int},
        ("boolean", ""): {bool},
    }
    expected = kinds.get((declared.get("type", ""), declared.get("format", "")))
    assert expected is None or choices <= expected, f"{model.__name__}.{field.name}: {field.type}"


def test_the_check_against_the_specification_covers_all_records() -> None:
    assert len(_records()) > 20
