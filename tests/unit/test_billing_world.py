"""The documents of the invented distributor: everything that real data shows, and no more than a demo can settle."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from sandbox.world import build
from sandbox.world.billing import Billing, InvoiceItem
from sandbox.world.cloud import METERED

CENT = Decimal("0.01")
SEEDS = (7, 1, 2, 3, 4)
MOST_DOCUMENTS = 240
"""Orders, invoices, payments and subscriptions; more would not settle within two minutes at the default limits."""


@pytest.fixture(scope="module", params=SEEDS)
def billing(request: pytest.FixtureRequest) -> Billing:
    return build(request.param, 0).billing


def items(billing: Billing) -> list[InvoiceItem]:
    return [item for invoice in billing.invoices for item in invoice.items]


def explained(item: InvoiceItem) -> bool:
    """Whether quantity times price is the total, to the cent."""
    counted = sum(subscription.quantity for subscription in item.subscriptions)
    quantity = item.quantity if item.quantity is not None else counted
    return (quantity * item.price).quantize(CENT) == item.total.quantize(CENT)


def test_the_same_seed_gives_the_same_documents() -> None:
    assert repr(build(5, 0).billing) == repr(build(5, 0).billing)
    assert build(5, 0).billing.invoices != build(6, 0).billing.invoices


def test_a_demo_can_settle_them(billing: Billing) -> None:
    documents = (*billing.orders, *billing.invoices, *billing.payments, *billing.subscriptions)
    assert 150 < len(documents) < MOST_DOCUMENTS
    assert len(items(billing)) < 170


def test_the_invoices_hold_every_oddity(billing: Billing) -> None:
    invoices = billing.invoices
    assert all(len(one.code) == 6 and one.code.startswith("000") for one in invoices)
    assert len({one.code for one in invoices}) == len(invoices)
    assert {one.stage for one in invoices} == {"Draft", "Unpaid", "Paid"}
    assert Counter(one.type for one in invoices)["Credit"] == 3
    assert any(not one.total for one in invoices)
    assert any(one.tax for one in invoices)
    assert any(not one.tax and one.total for one in invoices)
    assert any(one.billing_account_id != one.account_id for one in invoices)
    assert len({one.currency for one in invoices}) > 8
    alike = Counter((one.account_id, one.day, one.total, one.type) for one in invoices if one.total)
    assert max(alike.values()) == 2
    assert all(one.total == sum(item.total for item in one.items) + one.tax for one in invoices)


def test_the_items_hold_every_oddity(billing: Billing) -> None:
    found = items(billing)
    prorated = [item for item in found if item.quantity and item.subscriptions and not explained(item)]
    assert [item.quantity for item in prorated] == [7]
    counted = [item for item in found if item.quantity is None and len(item.subscriptions) == 2]
    assert [explained(item) for item in counted] == [True]
    usage = [item for item in found if item.product.code == METERED]
    assert usage
    assert all(item.quantity is None and not item.subscriptions and not explained(item) for item in usage)
    assert any(item.product.code is None for item in found)
    assert any(line.product.code is None for order in billing.orders for line in order.items)


def test_two_orders_of_one_account_share_a_code_and_the_later_says_so(billing: Billing) -> None:
    codes = Counter((order.account_id, order.code) for order in billing.orders)
    assert sorted(codes.values())[-2:] == [1, 2]
    (repeated,) = [order for order in billing.orders if order.repeats]
    first = next(order for order in billing.orders if order.id == repeated.repeats)
    assert (first.account_id, first.code, first.repeats) == (repeated.account_id, repeated.code, None)


def test_payments_are_doubled_negative_and_loose(billing: Billing) -> None:
    twice = Counter((one.invoice_id, one.amount, one.day) for one in billing.payments)
    assert sorted(twice.values())[-2:] == [1, 2]
    assert sum(one.amount < 0 for one in billing.payments) == 1
    assert sum(one.invoice_id is None for one in billing.payments) == 1


def test_subscriptions_end_and_change(billing: Billing) -> None:
    assert {one.status for one in billing.subscriptions} == {"Active", "In-Active", "Cancelled"}
    assert {one.unit for one in billing.subscriptions} == {"Month", "Annual"}
    now = {one.id: one.quantity for one in billing.subscriptions}
    billed = {one.id: one.quantity for item in items(billing) for one in item.subscriptions}
    assert [billed[number] - now[number] for number in billed if billed[number] != now[number]] == [-2]


def test_descriptions_are_in_several_alphabets(billing: Billing) -> None:
    told = "".join([one.description or "" for one in billing.invoices])
    told += "".join([item.description or "" for order in billing.orders for item in order.items])
    assert {letter for letter in "Υ設" if letter in told} == {"Υ", "設"}
