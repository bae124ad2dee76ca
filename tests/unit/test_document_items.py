"""Items of orders and invoices become lines that come to the same cents, in whatever order BSS lists them."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.bss.reading import DocumentId
from worker.billing import document_items
from worker.billing.document_lines import planned
from worker.billing.keys import document_key
from worker.psa.money import cents
from worker.psa.records import DesiredLine

KEY = document_key("invoice", "7")
PRODUCT = bss.ProductLink(DocumentId("5"), code="MBX-50", name="Cloud Mailbox")
amounts = st.decimals(-1_000_000, 1_000_000, allow_nan=False, places=None).map(lambda one: round(one, 6))
quantities = st.one_of(st.none(), st.integers(-500, 500).map(Decimal), amounts)


@st.composite
def items(draw: st.DrawFn) -> bss.InvoiceItem:
    quantity, price = draw(quantities), draw(st.one_of(st.none(), amounts))
    whole = None if quantity is None or price is None else quantity * price
    total = draw(amounts) if whole is None else draw(st.sampled_from([whole, cents(whole), draw(amounts)]))
    return bss.InvoiceItem(
        id=DocumentId(str(draw(st.uuids()))),
        product=PRODUCT,
        quantity=quantity,
        finalPrice=price,
        finalTotal=total,
        costPrice=draw(st.one_of(st.none(), amounts)),
        costTotal=draw(st.one_of(st.none(), amounts)),
    )


def item(**fields: Any) -> bss.InvoiceItem:
    return bss.InvoiceItem(**{"id": DocumentId("1"), "product": PRODUCT, **fields})


def line(**fields: Any) -> DesiredLine:
    (only,) = document_items.lines_of(document_items.of_invoice([item(**fields)], KEY), "Billable")
    return only


@given(items())
def test_a_line_comes_to_the_total_of_its_item(one: bss.InvoiceItem) -> None:
    charges = document_items.of_invoice([one], KEY)
    (desired,) = document_items.lines_of(charges, "Billable")
    assert one.finalTotal is not None
    assert desired.total_price == cents(one.finalTotal) == document_items.total_of(charges)


@given(st.lists(items(), unique_by=lambda one: one.id, max_size=6), st.randoms())
def test_the_order_of_the_items_changes_no_line(several: list[bss.InvoiceItem], dice: random.Random) -> None:
    mixed = list(several)
    dice.shuffle(mixed)
    first, second = (
        {
            (one.external_id, one.line)
            for one in planned(document_items.lines_of(document_items.of_invoice(order, KEY), "Billable"))
        }
        for order in (several, mixed)
    )
    assert first == second


def test_the_own_quantity_comes_before_that_of_the_subscriptions() -> None:
    counted = [bss.CountedSubscription(id=DocumentId(str(n)), quantity=Decimal(n)) for n in (3, 9)]
    price = {"finalPrice": Decimal("4.20"), "finalTotal": Decimal("50.40")}
    assert line(subscriptions=counted, **price).quantity == 12
    assert line(quantity=Decimal(12), subscriptions=counted[:1], **price).quantity == 12
    unknown = [*counted, bss.CountedSubscription(id=DocumentId("4"))]
    assert line(subscriptions=unknown, **price).quantity == 1


def test_a_line_of_one_piece_tells_the_quantity_and_every_line_its_period() -> None:
    prorated = line(
        quantity=Decimal(7),
        finalPrice=Decimal("11.70"),
        finalTotal=Decimal("35.49"),
        costTotal=Decimal("28.39"),
        billingPeriodStart=date(2026, 4, 18),
        billingPeriodEnd=date(2026, 4, 30),
    )
    assert (prorated.quantity, prorated.price, prorated.cost) == (
        Decimal(1),
        Decimal("35.49"),
        Decimal("28.39"),
    )
    assert prorated.description == "Cloud Mailbox, quantity 7 at 11.7, 2026-04-18 to 2026-04-30"
    assert line(finalTotal=Decimal(1), billingPeriodStart=date(2026, 4, 1)).description == (
        "Cloud Mailbox, 2026-04-01"
    )


def test_a_cost_that_only_the_total_tells_is_shared_by_the_pieces() -> None:
    fields = {"quantity": Decimal(4), "finalPrice": Decimal(2), "finalTotal": Decimal(8)}
    assert line(costTotal=Decimal(5), **fields).cost == Decimal("1.25")
    assert line(costPrice=Decimal(1), costTotal=Decimal(5), **fields).cost == 1
    assert line(**fields).cost == 0
    nothing = {"quantity": Decimal(0), "finalPrice": Decimal(2), "finalTotal": Decimal(0)}
    assert line(costTotal=Decimal(5), **nothing).cost == 0


def test_a_total_that_is_missing_is_quantity_times_price() -> None:
    assert line(quantity=Decimal(3), finalPrice=Decimal("0.335")).total_price == Decimal("1.01")
    with pytest.raises(errors.Refused, match="An item of the invoice has no total"):
        line(quantity=Decimal(3))


def test_an_item_without_a_product_is_refused_and_named() -> None:
    with pytest.raises(errors.Refused, match="names no product") as refused:
        line(product=None, finalTotal=Decimal(1))
    assert refused.value.detail == "item 1 of bss/invoice/7"


def test_an_item_that_is_listed_twice_is_refused() -> None:
    with pytest.raises(errors.Malformed, match="an item of the invoice twice"):
        document_items.of_invoice([item(finalTotal=Decimal(1))] * 2, KEY)


def test_an_item_of_an_order_has_its_own_description() -> None:
    ordered = bss.OrderItem(
        id=DocumentId("1"), product=PRODUCT, finalTotal=Decimal(1), description="Mail for\nthe shop"
    )
    (desired,) = document_items.lines_of(document_items.of_order([ordered], KEY), "NoCharge")
    assert (desired.description, desired.billable) == ("Mail for the shop", "NoCharge")
