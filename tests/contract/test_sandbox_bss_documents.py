"""Products, orders, invoices, payments and subscriptions of the BSS stand-in: read only, in the shapes of the contract."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from sandbox.world.billing import Billing
from tests.contract.sandbox_bss import Bss, open_bss
from tests.contract.sandbox_tenant import small_world

DOCUMENTS = ("products", "orders", "invoices", "payments", "subscriptions")
CENT = Decimal("0.01")


@pytest.fixture
async def bss() -> AsyncIterator[Bss]:
    async with open_bss() as opened:
        yield opened


@pytest.fixture
def billing() -> Billing:
    return small_world().billing


async def exact(bss: Bss, collection: str) -> list[dict[str, Any]]:
    answer = await bss.call("GET", f"/api/{collection}", query={"pageSize": "500"})
    found: list[dict[str, Any]] = json.loads(answer.text, parse_float=Decimal)["data"]
    return found


@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        (
            "products",
            "id code name fullDescription productType unitOfMeasure isTaxable isActivated sellPrice costPrice",
        ),
        (
            "orders",
            (
                "id code account billToAccountId contact status orderDate dueDate description responsibleUser currency"
                " totalAmount items"
            ),
        ),
        (
            "invoices",
            (
                "id code accountId billingAccountId billingAccountName stage type date dueDate description paymentMethod"
                " currency totalAmount taxAmount items"
            ),
        ),
        ("payments", "id accountId invoiceId paymentMethod paymentDate amount transactionId"),
        (
            "subscriptions",
            "id name account product quantity unit sellPrice costPrice startDate endDate cancelledDate status",
        ),
    ],
)
async def test_a_document_has_the_fields_of_the_contract(bss: Bss, collection: str, fields: str) -> None:
    rows = await bss.rows(collection, pageSize=500)
    assert len(rows) == len(getattr(bss.box.world.billing, collection)) > 10
    assert {name for row in rows for name in row} == {*fields.split(), "createdAt", "updatedAt"}
    assert await bss.get(f"/api/{collection}/{rows[0]['id']}") == rows[0]


@pytest.mark.parametrize("collection", DOCUMENTS)
async def test_documents_are_read_only_and_found_by_time(bss: Bss, collection: str) -> None:
    number = next(iter(bss.store.rows(collection)))
    assert (await bss.call("POST", f"/api/{collection}", {"name": "x"})).status == 405
    assert (await bss.call("PATCH", f"/api/{collection}/{number}", [])).status == 405
    assert (await bss.call("GET", f"/api/{collection}", query={"$filter": "code eq 'x'"})).status == 400
    assert await bss.rows(collection, filter="updatedAt gt datetime'2100-01-01'") == []
    bss.store.edit(collection, number)
    newest = await bss.rows(collection, orderby="updatedAt desc", pageSize=1)
    assert [row["id"] for row in newest] == [number]


async def test_items_carry_products_and_totals(bss: Bss) -> None:
    for order in await exact(bss, "orders"):
        total = sum(item["finalTotal"] for item in order["items"])
        assert total == order["totalAmount"]
        assert all(item["quantity"] * item["finalPrice"] == item["finalTotal"] for item in order["items"])
    explained = Counter[bool]()
    for invoice in await exact(bss, "invoices"):
        total = sum(item["finalTotal"] for item in invoice["items"])
        assert total + invoice["taxAmount"] == invoice["totalAmount"]
        for item in invoice["items"]:
            counted = sum(subscription["quantity"] for subscription in item["subscriptions"])
            quantity = item.get("quantity", counted)
            explained[Decimal(quantity * item["finalPrice"]).quantize(CENT) == item["finalTotal"]] += 1
    assert explained[True] > explained[False] > 0


async def test_a_brief_list_lacks_items(bss: Bss) -> None:
    bss.store.modes.brief_lists = True
    for collection in ("orders", "invoices"):
        (row, *_) = await bss.rows(collection)
        assert "items" not in row
        assert (await bss.get(f"/api/{collection}/{row['id']}"))["items"]


async def test_a_date_is_a_day_in_three_forms(bss: Bss) -> None:
    number = next(iter(bss.store.rows("invoices")))
    shown = []
    for form in ("midnight", "day", "offset"):
        await bss.control("PATCH", "modes", {"day_form": form, "time_zone": "Europe/Athens"})
        shown.append((await bss.get(f"/api/invoices/{number}"))["date"])
    assert shown == ["2026-03-31T00:00:00", "2026-03-31", "2026-03-31T00:00:00+03:00"]


async def test_amounts_may_be_strings(bss: Bss) -> None:
    bss.store.modes.numbers = "text"
    (payment, *_) = await bss.rows("payments")
    assert isinstance(payment["amount"], str)
    assert Decimal(payment["amount"]) > 0


def test_everything_points_at_something_that_exists(billing: Billing) -> None:
    accounts = {account.id for account in billing.accounts}
    products = {product.id for product in billing.products}
    invoices = {invoice.id for invoice in billing.invoices}
    contacts = {contact.id for contact in billing.contacts}
    assert {subscription.account_id for subscription in billing.subscriptions} < accounts
    assert {subscription.product.id for subscription in billing.subscriptions} <= products
    assert {order.contact_id for order in billing.orders} - contacts <= {None}
    assert {invoice.billing_account_id for invoice in billing.invoices} < accounts
    assert {payment.invoice_id for payment in billing.payments} - invoices == {None}
    ids = Counter(noun.id for name in DOCUMENTS for noun in getattr(billing, name))
    assert ids.total() == len(ids)


def test_the_documents_hold_the_known_traps(billing: Billing) -> None:
    codes = Counter(product.code for product in billing.products)
    assert codes["BKP-TB"] == 2
    assert codes[None] == 1
    assert any(not product.activated for product in billing.products)
    assert max(len(product.name) for product in billing.products) > 60
    assert {invoice.stage for invoice in billing.invoices} == {"Draft", "Unpaid", "Paid"}
    assert {invoice.type for invoice in billing.invoices} == {"Debit", "Credit"}
    assert any(not invoice.total for invoice in billing.invoices)
    assert {subscription.status for subscription in billing.subscriptions} == {
        "Active",
        "In-Active",
        "Cancelled",
    }
    assert {subscription.unit for subscription in billing.subscriptions} == {"Month", "Annual"}
    orders = Counter((order.account_id, order.code) for order in billing.orders)
    assert sorted(orders.values())[-2:] == [1, 2]
    twice = Counter((payment.invoice_id, payment.amount, payment.day) for payment in billing.payments)
    assert max(twice.values()) == 2
    assert any(payment.amount < 0 for payment in billing.payments)
