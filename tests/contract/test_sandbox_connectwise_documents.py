"""What the ConnectWise stand-in makes of sales orders, invoices and the product items on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.sandbox_documents import Documents, message, open_books
from tests.contract.sandbox_tenant import Tenant, open_tenant

CLOSED = "closed and its products cannot be changed."


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


@pytest.fixture
async def books(tenant: Tenant) -> Documents:
    return await open_books(tenant)


@pytest.mark.parametrize("field", ["company", "status", "salesRep"])
async def test_an_order_demands_company_status_and_sales_representative(tenant: Tenant, field: str) -> None:
    company = await tenant.company()
    body = {"company": {"id": company["id"]}, "status": {"id": 1}, "salesRep": {"id": 1}}
    del body[field]
    refused = await tenant.call("POST", "/sales/orders", body)
    assert (refused.status, refused.inner) == (400, ("MissingRequiredField", field))


async def test_an_order_takes_its_defaults_from_company_and_member(books: Documents) -> None:
    made = await books.order(poNumber="PO-000433", orderDate="2026-05-01T00:00:00Z")
    assert (made["status"]["name"], made["salesRep"]["identifier"]) == ("Open", "MHalcyon")
    assert made["company"].keys() == {"id", "identifier", "name", "_info"}
    assert (made["billToCompany"]["id"], made["site"]["name"]) == (books.company["id"], "Main")
    assert (made["currency"]["currencyIdentifier"], made["orderDate"]) == ("USD", "2026-05-01T00:00:00Z")
    assert made["_info"]["enteredBy"] == made["_info"]["updatedBy"] == "apibridge"
    asked = f'poNumber="po-000433" and company/id={books.company["id"]}'
    found = await books.tenant.get("/sales/orders", conditions=asked)
    assert [row["id"] for row in found] == [made["id"]]
    long = await books.tenant.patch(f"/sales/orders/{made['id']}", poNumber="9" * 51)
    assert long.inner == ("InvalidFieldLength", "poNumber")


async def test_an_order_belongs_to_people_and_places_of_its_company(books: Documents) -> None:
    made, other = await books.order(), await books.tenant.company("OTHER")
    moved = await books.tenant.patch(f"/sales/orders/{made['id']}", company={"id": other["id"]})
    assert moved.inner == ("InvalidField", "site")


async def test_totals_are_the_servers_own(books: Documents) -> None:
    order = await books.order(total=99, subTotal=99, invoiceIds=[7])
    assert (order["total"], order["subTotal"], order["invoiceIds"]) == (0, 0, [])
    invoice = await books.invoice(total=99, subtotal=99, balance=99, salesTax=9)
    assert [invoice[n] for n in ("total", "subtotal", "balance", "salesTax", "payments")] == [0] * 5
    changed = await books.tenant.patch(f"/finance/invoices/{invoice['id']}", total=5, internalNotes="x")
    assert changed.value["total"] == 0


async def test_lines_add_up_in_the_order_that_they_are_on(books: Documents) -> None:
    first, second = await books.order(), await books.order()
    path = f"/sales/orders/{first['id']}"
    lines = [
        await books.line(salesOrder={"id": first["id"]}, quantity=quantity, price=Decimal(price))
        for quantity, price in ((3, "10.05"), (1, "0.005"), (1, "-2.00"))
    ]
    shown = await books.tenant.get(path)
    assert (shown["subTotal"], shown["total"]) == (Decimal("28.16"), Decimal("28.16"))
    assert shown["productIds"] == [line["id"] for line in lines]
    assert [line["sequenceNumber"] for line in lines] == [1, 2, 3]
    assert lines[0]["salesOrder"].keys() == {"id", "identifier", "_info"}
    assert lines[0]["company"]["id"] == books.company["id"]
    await books.tenant.patch(f"/procurement/products/{lines[0]['id']}", quantity=1)
    await books.tenant.patch(f"/procurement/products/{lines[1]['id']}", salesOrder={"id": second["id"]})
    await books.tenant.call("DELETE", f"/procurement/products/{lines[2]['id']}")
    assert (await books.tenant.get(path))["total"] == Decimal("10.05")
    assert (await books.tenant.get(f"/sales/orders/{second['id']}"))["total"] == Decimal("0.01")
    assert (await books.tenant.call("DELETE", path)).status == 409


async def test_an_order_takes_product_items_by_their_ids(books: Documents) -> None:
    first, second = [await books.line() for _ in range(2)]
    order = await books.order(productIds=[first["id"]])
    assert (order["productIds"], order["total"]) == ([first["id"]], 10)
    path = f"/sales/orders/{order['id']}"
    more = await books.tenant.patch(path, productIds=[second["id"]])
    assert (more.value["productIds"], more.value["total"]) == ([first["id"], second["id"]], 20)
    shown = await books.tenant.get(f"/procurement/products/{second['id']}")
    assert shown["salesOrder"]["id"] == order["id"]
    unknown = await books.tenant.patch(path, productIds=[77])
    assert unknown.inner == ("InvalidField", "productIds")
    other = await books.order(status={"name": "Closed"})
    refused = await books.tenant.patch(f"/sales/orders/{other['id']}", productIds=[first["id"]])
    assert refused.inner == ("InvalidObject", "salesOrder")


async def test_lines_of_a_document_are_found_by_it(books: Documents) -> None:
    order, invoice = await books.order(), await books.invoice()
    on_order = await books.line(salesOrder={"id": order["id"]})
    on_invoice = await books.line(invoice={"id": invoice["id"]}, integrationXRef="bss:1@2")
    await books.line()
    for field, number, line in (
        ("salesOrder", order["id"], on_order),
        ("invoice", invoice["id"], on_invoice),
    ):
        asked = f"{field}/id = {number}"
        found = await books.tenant.get("/procurement/products", conditions=asked)
        assert [row["id"] for row in found] == [line["id"]]
        assert await books.tenant.get("/procurement/products/count", conditions=asked) == {"count": 1}
    assert on_invoice["invoice"]["identifier"] == invoice["invoiceNumber"]


@pytest.mark.parametrize("field", ["salesOrder", "invoice"])
async def test_a_line_needs_a_document_that_exists(books: Documents, field: str) -> None:
    assert (await books.try_line(**{field: {"id": 77}})).inner == ("InvalidField", field)
    document = await books.order() if field == "salesOrder" else await books.invoice()
    body = {field: {"id": document["id"]}}
    refused = await books.tenant.call("POST", "/procurement/products", body)
    assert {error["field"] for error in refused.value["errors"]} == {"catalogItem", "billableOption"}


@pytest.mark.parametrize(("option", "billed"), [("Billable", 10), ("NoCharge", 0), ("DoNotBill", 0)])
async def test_only_billable_lines_are_billed(books: Documents, option: str, billed: int) -> None:
    invoice = await books.invoice()
    line = await books.line(invoice={"id": invoice["id"]}, billableOption=option)
    assert line["extPrice"] == 10
    assert (await books.tenant.get(f"/finance/invoices/{invoice['id']}"))["subtotal"] == billed


async def test_a_line_moves_the_time_of_its_document(books: Documents, monkeypatch: Any) -> None:
    invoice = await books.invoice()
    store = books.tenant.store
    monkeypatch.setattr(type(store), "now", lambda _: "2031-01-01T10:00:00Z")
    await books.line(invoice={"id": invoice["id"]})
    path = f"/finance/invoices/{invoice['id']}"
    assert (await books.tenant.get(path))["_info"]["lastUpdated"] == "2031-01-01T10:00:00Z"
    store.modes.touch_owner = False
    monkeypatch.setattr(type(store), "now", lambda _: "2032-01-01T10:00:00Z")
    await books.line(invoice={"id": invoice["id"]})
    shown = await books.tenant.get(path)
    assert (shown["_info"]["lastUpdated"], shown["subtotal"]) == ("2031-01-01T10:00:00Z", 20)


async def test_a_replaced_document_keeps_what_the_server_worked_out(books: Documents) -> None:
    order, invoice = await books.order(poNumber="1"), await books.invoice(reference="000433")
    for field, made in (("salesOrder", order), ("invoice", invoice)):
        await books.line(**{field: {"id": made["id"]}})
    for path, made in (("/sales/orders", order), ("/finance/invoices", invoice)):
        replaced = await books.tenant.call("PUT", f"{path}/{made['id']}", made)
        assert (replaced.status, replaced.value["total"]) == (200, 10)
    bare = {"type": "Miscellaneous", "company": books.company}
    refused = await books.tenant.call("PUT", f"/finance/invoices/{invoice['id']}", bare)
    assert refused.inner == ("MissingRequiredField", "invoiceNumber")


async def test_documents_of_a_merged_company_move_with_its_people(books: Documents) -> None:
    other = await books.tenant.company("OTHER")
    order, invoice, agreement = await books.order(), await books.invoice(), await books.agreement()
    books.tenant.box.connectwise_user.merge(books.company["id"], other["id"])
    for path, made in (
        ("/sales/orders", order),
        ("/finance/invoices", invoice),
        ("/finance/agreements", agreement),
    ):
        moved = await books.tenant.patch(f"{path}/{made['id']}", billingTerms={"id": 2})
        assert (moved.status, moved.value["company"]["id"]) == (200, other["id"])


async def test_a_closed_order_takes_no_change_of_its_lines(books: Documents) -> None:
    order = await books.order()
    line = await books.line(salesOrder={"id": order["id"]})
    path, product = f"/sales/orders/{order['id']}", f"/procurement/products/{line['id']}"
    assert (await books.tenant.patch(path, status={"name": "Closed"})).status == 200
    for refused in (
        await books.try_line(salesOrder={"id": order["id"]}),
        await books.tenant.patch(product, quantity=2),
        await books.tenant.call("DELETE", product),
    ):
        assert (refused.status, refused.inner) == (400, ("InvalidObject", "salesOrder"))
        assert message(refused) == f"Order {order['id']} is {CLOSED}"
    assert (await books.tenant.patch(path, status={"name": "Open"})).status == 200
    assert (await books.tenant.call("DELETE", product)).status == 204


async def test_a_tenant_may_not_know_invoices_on_product_items(books: Documents) -> None:
    invoice, modes = await books.invoice(), books.tenant.store.modes
    modes.invoice_lines = "refuse"
    refused = await books.try_line(invoice={"id": invoice["id"]})
    assert (refused.status, refused.inner) == (400, ("InvalidField", "invoice"))
    assert message(refused) == "The invoice of a productItem cannot be set."
    modes.invoice_lines = "ignore"
    line = await books.line(invoice={"id": invoice["id"]})
    assert "invoice" not in line
    kept = await books.tenant.patch(f"/procurement/products/{line['id']}", invoice={"id": invoice["id"]})
    assert (kept.status, "invoice" in kept.value) == (200, False)
    assert (await books.tenant.get(f"/finance/invoices/{invoice['id']}"))["total"] == 0


async def test_another_user_edits_documents_under_the_same_rules(books: Documents) -> None:
    user = books.tenant.box.connectwise_user
    invoice = await books.invoice()
    lines = [await books.line(invoice={"id": invoice["id"]}) for _ in range(2)]
    user.edit("procurement/products", lines[0]["id"], {"price": 12.35})
    user.remove("procurement/products", lines[1]["id"])
    shown = await books.tenant.get(f"/finance/invoices/{invoice['id']}")
    assert (shown["total"], shown["_info"]["updatedBy"]) == (Decimal("12.35"), "admin")
    user.edit("finance/invoices", invoice["id"], {"status": {"name": "Closed"}})
    with pytest.raises(ValueError, match=CLOSED):
        user.remove("procurement/products", lines[0]["id"])
    user.edit("finance/closedInvoices", invoice["id"], {"status": {"name": "New"}})
    user.remove("procurement/products", lines[0]["id"])
    user.remove("finance/invoices", invoice["id"])
    assert (await books.tenant.call("GET", f"/finance/invoices/{invoice['id']}")).status == 404
