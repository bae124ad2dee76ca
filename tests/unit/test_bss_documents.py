"""Documents of BSS in every style of a tenant: GUIDs in any case, exact amounts, days that never shift."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import pytest

from cwbridge.connectors.bss import documents
from cwbridge.connectors.bss.reading import BssReader
from cwbridge.connectors.bss.times import ServerTimes

T = TypeVar("T")
GUID = "5f0c2a1e-7d44-4b0e-9d57-2f6a41c08b93"


def read(kind: type[T], **fields: Any) -> T:
    reader: BssReader[T] = BssReader(kind, ServerTimes())
    return reader(msgspec.json.encode(fields))


@pytest.mark.parametrize(
    ("given", "expected"),
    [(GUID, GUID), (GUID.upper(), GUID), (433, "433"), (" 433 ", "433"), (433.0, "433")],
)
def test_an_id_is_one_text_however_it_is_written(given: Any, expected: str) -> None:
    invoice = read(
        documents.Invoice, Id=given, items=[{"ID": given, "product": {"id": given}, "subscriptions": []}]
    )
    (item,) = invoice.items or []
    assert item.product is not None
    assert (invoice.id, invoice.record_id, item.id, item.product.id) == (expected,) * 4
    assert read(documents.Payment, id=1, invoiceId=given).invoiceId == expected


@pytest.mark.parametrize("nothing", [None, "", {"id": None}, {"id": ""}, {}])
def test_an_empty_reference_is_none(nothing: Any) -> None:
    order = read(
        documents.Order, id=GUID, account=nothing, contact=nothing, items=[{"id": 1, "product": nothing}]
    )
    assert (order.account, order.contact, [item.product for item in order.items or ()]) == (
        None,
        None,
        [None],
    )


def test_a_name_without_an_id_is_kept() -> None:
    order = read(documents.Order, id=GUID, status={"name": "Open"}, responsibleUser={"name": "Ann"})
    assert (order.status, order.responsibleUser) == (documents.Named("Open"), documents.Named("Ann"))
    product = read(
        documents.Product, id=GUID, unitOfMeasure={"name": "User"}, productType={"id": 4, "name": "SaaS"}
    )
    assert (product.unitOfMeasure, product.productType) == (documents.Named("User"), documents.Named("SaaS"))


@pytest.mark.parametrize("amount", ["1234567.89", "-0.10", 12.5, 7, 0])
def test_amounts_are_exact(amount: Any) -> None:
    payment = read(documents.Payment, id=GUID, amount=amount)
    assert payment.amount == Decimal(str(amount))


@pytest.mark.parametrize(
    "shown",
    ["2026-02-28", "2026-02-28T00:00:00", "2026-02-28T00:00:00+02:00", "2026-02-28T23:59:59.999-11:00"],
)
def test_a_date_is_its_day(shown: str) -> None:
    assert read(documents.Invoice, id=GUID, date=shown).date == date(2026, 2, 28)
    assert read(documents.Subscription, id=GUID, cancelledDate=shown).cancelledDate == date(2026, 2, 28)


def test_a_list_without_items_tells_so() -> None:
    assert read(documents.Invoice, id=GUID).items is None
    assert read(documents.Invoice, id=GUID, items=[]).items == []
