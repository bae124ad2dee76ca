"""What another user of BSS does with products, orders, invoices, payments and subscriptions over the control interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.sandbox_bss import Bss, open_bss

EARLY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def bss() -> AsyncIterator[Bss]:
    """A tenant whose records all changed long ago, with a clock that moves a second with every look."""
    async with open_bss() as opened:
        ticks = iter(range(1, 10_000))
        opened.store.clock = lambda: EARLY + timedelta(days=1, seconds=next(ticks))
        for collection in ("products", "orders", "invoices", "payments", "subscriptions"):
            for row in list(opened.store.rows(collection).values()):
                opened.store.put(collection, row | {"updatedAt": EARLY})
        yield opened


async def changed(bss: Bss, collection: str) -> list[str]:
    """The ids of the records that have changed since the beginning."""
    rows = await bss.rows(collection, filter="updatedAt gt datetime'2026-01-01T12:00:00'", pageSize=500)
    return [row["id"] for row in rows]


def coded(bss: Bss, collection: str, code: str) -> Any:
    return next(row for row in bss.store.rows(collection).values() if row["code"] == code)


async def edit(bss: Bss, path: str, **fields: Any) -> None:
    answer = await bss.control("PATCH", f"records/{path}", fields)
    assert answer.status == 204, answer.text


async def add(bss: Bss, path: str, **fields: Any) -> str:
    answer = await bss.control("POST", f"records/{path}", fields)
    assert answer.status == 201, answer.text
    return str(answer.value["id"])


async def test_an_invoice_gets_loses_and_changes_items_and_its_total_follows(bss: Bss) -> None:
    number, mailbox = coded(bss, "invoices", "000433")["id"], coded(bss, "products", "MBX-50")["id"]
    await edit(bss, f"invoices/{number}", taxAmount=0)
    for item in (await bss.get(f"/api/invoices/{number}"))["items"]:
        assert (await bss.control("DELETE", f"records/invoices/{number}/items/{item['id']}")).status == 204
    assert (await bss.get(f"/api/invoices/{number}"))["totalAmount"] == 0

    item = await add(
        bss, f"invoices/{number}/items", product=mailbox, quantity=3, finalPrice=4.2, costPrice="3.10"
    )
    invoice = await bss.get(f"/api/invoices/{number}")
    (shown,) = invoice["items"]
    assert shown["product"]["code"] == "MBX-50"
    assert shown["productType"]["name"] == "Cloud Services"
    assert (shown["finalTotal"], shown["costTotal"], invoice["totalAmount"]) == (12.6, 9.3, 12.6)

    await edit(bss, f"invoices/{number}/items/{item}", quantity=5)
    assert (await bss.get(f"/api/invoices/{number}"))["totalAmount"] == 21
    await edit(bss, f"invoices/{number}/items/{item}", finalPrice=1.005, quantity=1)
    assert (await bss.get(f"/api/invoices/{number}"))["items"][0]["finalTotal"] == 1
    await edit(bss, f"invoices/{number}/items/{item}", finalTotal=7.77)
    assert (await bss.get(f"/api/invoices/{number}"))["totalAmount"] == 7.77
    await edit(bss, f"invoices/{number}", taxAmount=1.86)
    assert (await bss.get(f"/api/invoices/{number}"))["totalAmount"] == 9.63
    assert await changed(bss, "invoices") == [number]


async def test_an_item_without_a_quantity_counts_its_subscriptions(bss: Bss) -> None:
    number = coded(bss, "invoices", "000433")["id"]
    first, second = list(bss.store.rows("subscriptions").values())[:2]
    item = await add(
        bss,
        f"invoices/{number}/items",
        product=first["product"]["id"],
        finalPrice=2,
        subscriptions=[first["id"], second["id"]],
    )
    shown = next(one for one in (await bss.get(f"/api/invoices/{number}"))["items"] if one["id"] == item)
    assert "quantity" not in shown
    assert shown["finalTotal"] == 2 * (first["quantity"] + second["quantity"])


async def test_every_edit_of_an_item_moves_the_time_of_its_document(bss: Bss) -> None:
    number = coded(bss, "orders", "ORD-00003")["id"]
    times = [bss.store.rows("orders")[number]["updatedAt"]]
    item = await add(bss, f"orders/{number}/items", finalPrice=10, description="Παράδοση")
    times.append(bss.store.rows("orders")[number]["updatedAt"])
    await edit(bss, f"orders/{number}/items/{item}", quantity=4)
    times.append(bss.store.rows("orders")[number]["updatedAt"])
    assert (await bss.control("DELETE", f"records/orders/{number}/items/{item}")).status == 204
    times.append(bss.store.rows("orders")[number]["updatedAt"])
    assert times == sorted(set(times))
    assert (await bss.control("DELETE", f"records/orders/{number}/items/{item}")).status == 404
    assert (await bss.control("PATCH", f"records/orders/{number}/items/{item}", {})).status == 404


async def test_an_invoice_goes_from_draft_to_paid_with_its_payment(bss: Bss) -> None:
    account = next(iter(bss.store.rows("accounts")))
    product = coded(bss, "products", "SUITE-B")["id"]
    items = [{"product": product, "quantity": 2, "finalPrice": "11.70"}]
    number = await add(
        bss, "invoices", code="009001", accountId=account, date="2026-04-30", items=items, taxAmount="5.62"
    )
    made = await bss.get(f"/api/invoices/{number}")
    assert (made["stage"], made["type"], made["date"]) == ("Draft", "Debit", "2026-04-30T00:00:00")
    assert (made["totalAmount"], made["billingAccountId"]) == (29.02, account)
    assert made["billingAccountName"] == bss.store.rows("accounts")[account]["name"]
    for stage in ("Unpaid", "Paid"):
        await edit(bss, f"invoices/{number}", stage=stage)
        assert (await bss.get(f"/api/invoices/{number}"))["stage"] == stage
    paid = bss.box.bss_user.pay(number)
    payment = await bss.get(f"/api/payments/{paid}")
    assert (payment["invoiceId"], payment["accountId"], payment["amount"]) == (number, account, 29.02)
    assert (await bss.control("DELETE", f"records/payments/{paid}")).status == 204
    assert (await bss.call("GET", f"/api/payments/{paid}")).status == 404
    assert await changed(bss, "invoices") == [number]


async def test_orders_products_and_subscriptions_are_edited(bss: Bss) -> None:
    order = coded(bss, "orders", "ORD-00003")["id"]
    await edit(bss, f"orders/{order}", status={"name": "Completed"}, dueDate="2026-06-01")
    shown = await bss.get(f"/api/orders/{order}")
    assert (shown["status"], shown["dueDate"]) == ({"name": "Completed"}, "2026-06-01T00:00:00")

    product = coded(bss, "products", "DOM-COM")["id"]
    await edit(bss, f"products/{product}", name="Domain .com, renewed", sellPrice=1.25, isActivated=False)
    shown = await bss.get(f"/api/products/{product}")
    assert (shown["name"], shown["sellPrice"], shown["isActivated"]) == ("Domain .com, renewed", 1.25, False)

    subscription = next(iter(bss.store.rows("subscriptions")))
    await edit(bss, f"subscriptions/{subscription}", quantity=11, sellPrice="9.90", unit="Annual")
    bss.box.bss_user.cancel(subscription)
    shown = await bss.get(f"/api/subscriptions/{subscription}")
    assert (shown["quantity"], shown["sellPrice"], shown["unit"]) == (11, 9.9, "Annual")
    assert (shown["status"], shown["cancelledDate"]) == ("Cancelled", "2026-01-02T00:00:00")
    for collection, number in (("orders", order), ("products", product), ("subscriptions", subscription)):
        assert await changed(bss, collection) == [number]


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("invoices/nowhere/items", {}, 404),
        ("invoices", {"items": [{"product": "nothing"}]}, 404),
        ("invoices", {"items": [{"colour": "red"}]}, 400),
        ("payments", {"amount": "much"}, 400),
        ("payments", {"paymentDate": "soon"}, 400),
        ("payments", {"invoice": "x"}, 400),
    ],
)
async def test_what_bss_does_not_know_is_refused(
    bss: Bss, path: str, fields: dict[str, Any], status: int
) -> None:
    assert (await bss.control("POST", f"records/{path}", fields)).status == status


async def test_many_invoices_are_made_by_one_call(bss: Bss) -> None:
    before = bss.store.rows("invoices").keys() | set()
    assert (await bss.control("POST", "add-invoices", {"count": 25})).status == 204
    listed = await bss.rows("invoices", pageSize=500, orderby="updatedAt asc")
    made = [row for row in listed if row["id"] not in before]
    assert len({row["id"] for row in made}) == len({row["code"] for row in made}) == 25
    assert [row["code"] for row in made][:2] == ["100001", "100002"]
    assert len({row["updatedAt"] for row in made}) == 25
    assert len({row["accountId"] for row in made}) > 10
    for row in made:
        assert len(row["items"]) == 3
        assert all(item["product"]["code"] for item in row["items"])
    stored = [bss.store.rows("invoices")[row["id"]] for row in made]
    assert all(row["totalAmount"] == sum(item["finalTotal"] for item in row["items"]) > 0 for row in stored)
    assert len({item["id"] for row in stored for item in row["items"]}) == 75


async def test_many_invoices_need_an_account(bss: Bss) -> None:
    for number in list(bss.store.rows("accounts")):
        bss.store.remove("accounts", number)
    assert (await bss.control("POST", "add-invoices", {"count": 1})).status == 400
