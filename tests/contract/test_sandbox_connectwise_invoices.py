"""What the ConnectWise stand-in makes of invoices: numbers, taxes, and what a finished one refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.sandbox_documents import Documents, message, open_books
from tests.contract.sandbox_tenant import Tenant, open_tenant


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


@pytest.fixture
async def books(tenant: Tenant) -> Documents:
    return await open_books(tenant)


@pytest.mark.parametrize("field", ["type", "company"])
async def test_an_invoice_demands_type_and_company(books: Documents, field: str) -> None:
    body = {"type": "CreditMemo", "company": books.company}
    del body[field]
    refused = await books.tenant.call("POST", "/finance/invoices", body)
    assert refused.inner == ("MissingRequiredField", field)


async def test_an_invoice_takes_its_defaults_from_company_and_terms(books: Documents) -> None:
    made = await books.invoice(reference="000433", date="2026-05-01T00:00:00Z", currency={"id": 2})
    assert (made["status"]["name"], made["status"]["isClosed"]) == ("New", False)
    assert (made["dueDate"], made["billingTerms"]["name"]) == ("2026-05-31T00:00:00Z", "Net 30 days")
    assert (made["locationId"], made["departmentId"], made["specialInvoiceFlag"]) == (1, 1, True)
    assert made["currency"]["id"] == 2
    for asked in ('reference="000433"', f'company/id={books.company["id"]} and reference = "000433"'):
        found = await books.tenant.get("/finance/invoices", conditions=asked)
        assert [row["id"] for row in found] == [made["id"]]
    assert await books.tenant.get("/finance/invoices", conditions="status/isClosed=true") == []


async def test_location_and_department_are_the_same_by_id_and_by_reference(books: Documents) -> None:
    made = await books.invoice(location={"id": 2}, departmentId=2)
    assert [made[n]["id"] for n in ("location", "department")] == [2, 2]
    assert [made[n] for n in ("locationId", "departmentId")] == [2, 2]
    path = f"/finance/invoices/{made['id']}"
    by_id = (await books.tenant.patch(path, locationId=1)).value
    assert (by_id["locationId"], by_id["location"]["id"]) == (1, 1)
    by_reference = (await books.tenant.patch(path, location={"id": 2})).value
    assert (by_reference["locationId"], by_reference["location"]["id"]) == (2, 2)


async def test_an_invoice_of_an_agreement_cannot_be_made(books: Documents) -> None:
    body = {"type": "Agreement", "company": books.company}
    refused = await books.tenant.call("POST", "/finance/invoices", body)
    assert refused.inner == ("InvalidObject", "type")
    assert message(refused) == "Cannot create agreement invoices through the Invoicing API"


async def test_invoices_are_numbered_by_the_server_unless_they_bring_a_number(books: Documents) -> None:
    numbers = [(await books.invoice())["invoiceNumber"] for _ in range(2)]
    assert numbers == ["50001", "50002"]
    assert (await books.invoice(invoiceNumber="50003"))["invoiceNumber"] == "50003"
    assert (await books.invoice())["invoiceNumber"] == "50004"
    long = {"type": "Miscellaneous", "company": books.company, "invoiceNumber": "1" * 16}
    refused = await books.tenant.call("POST", "/finance/invoices", long)
    assert refused.inner == ("InvalidFieldLength", "invoiceNumber")


async def test_the_servers_own_numbers_may_meet_those_of_others(books: Documents) -> None:
    modes = books.tenant.store.modes
    modes.invoice_number_start, modes.invoice_number_digits = 433, 6
    assert (await books.invoice())["invoiceNumber"] == "000433"
    body = {"type": "Miscellaneous", "company": books.company, "invoiceNumber": "000433"}
    refused = await books.tenant.call("POST", "/finance/invoices", body)
    assert (refused.status, refused.inner) == (400, ("ObjectExists", "invoiceNumber"))
    assert message(refused) == "Invoice Number already in use."
    modes.taken_invoice_number = "number"
    assert (await books.invoice(invoiceNumber="000433"))["invoiceNumber"] == "000434"
    assert (await books.invoice(invoiceNumber="000435"))["invoiceNumber"] == "000435"


async def test_an_invoice_cannot_take_the_number_of_another_or_lose_its_own(books: Documents) -> None:
    first, second = await books.invoice(), await books.invoice()
    path = f"/finance/invoices/{second['id']}"
    taken = await books.tenant.patch(path, invoiceNumber=first["invoiceNumber"])
    assert taken.inner == ("ObjectExists", "invoiceNumber")
    gone = await books.tenant.call("PATCH", path, [{"op": "remove", "path": "/invoiceNumber"}])
    assert gone.inner == ("MissingRequiredField", "invoiceNumber")


async def test_an_order_names_its_invoices(books: Documents) -> None:
    order = await books.order()
    invoice = await books.invoice(salesOrder={"id": order["id"]})
    assert (await books.tenant.get(f"/sales/orders/{order['id']}"))["invoiceIds"] == [invoice["id"]]
    assert invoice["salesOrder"]["identifier"] == str(order["id"])


async def test_tax_is_worked_out_from_the_tax_code_for_taxable_lines(books: Documents) -> None:
    invoice = await books.invoice(taxCode={"id": 2})
    for taxable in (True, False):
        await books.line(invoice={"id": invoice["id"]}, price=Decimal("10.05"), taxableFlag=taxable)
    path = f"/finance/invoices/{invoice['id']}"
    shown = await books.tenant.get(path)
    assert [shown[n] for n in ("subtotal", "salesTax", "total")] == list(
        map(Decimal, ("20.10", "2.41", "22.51"))
    )
    exempt = await books.tenant.patch(path, taxCode={"id": 1})
    assert (exempt.value["salesTax"], exempt.value["total"]) == (0, Decimal("20.10"))


async def lock(books: Documents, invoice: Any, how: str) -> str:
    """Finish an invoice and return what the server says of it."""
    if how == "closed":
        await books.close(invoice)
        return f"Invoice {invoice['invoiceNumber']} is closed"
    books.tenant.box.connectwise_user.batch(invoice["id"])
    return f"Invoice {invoice['invoiceNumber']} has been batched"


@pytest.mark.parametrize("how", ["closed", "batched"])
async def test_a_finished_invoice_takes_no_change(books: Documents, how: str) -> None:
    invoice = await books.invoice()
    line = await books.line(invoice={"id": invoice["id"]})
    free = await books.line()
    said = await lock(books, invoice, how)
    path, product = f"/finance/invoices/{invoice['id']}", f"/procurement/products/{line['id']}"
    changed = await books.tenant.patch(path, reference="x")
    assert (changed.status, changed.inner) == (400, ("InvalidObject", "status"))
    assert message(changed) == f"{said} and cannot be changed."
    assert message(await books.tenant.call("DELETE", path)) == f"{said} and cannot be deleted."
    for refused in (
        await books.try_line(invoice={"id": invoice["id"]}),
        await books.tenant.patch(product, price=1),
        await books.tenant.patch(product, invoice=None),
        await books.tenant.patch(f"/procurement/products/{free['id']}", invoice={"id": invoice["id"]}),
        await books.tenant.call("DELETE", product),
    ):
        assert (refused.status, refused.inner) == (400, ("InvalidObject", "invoice"))
        assert message(refused) == f"{said} and its products cannot be changed."
    assert (await books.tenant.get(path))["total"] == 10


async def test_a_closed_invoice_is_opened_through_its_own_door(books: Documents) -> None:
    invoice = await books.invoice(reference="000433")
    door = f"/finance/closedInvoices/{invoice['id']}"
    refused = await books.tenant.patch(door, status={"name": "New"})
    assert message(refused) == f"Invoice {invoice['invoiceNumber']} is not closed."
    await books.close(invoice)
    assert (await books.tenant.call("GET", door)).status == 405
    noted = await books.tenant.call("PUT", door, {"status": {"name": "Closed"}, "internalNotes": "asked"})
    assert (noted.status, noted.value["internalNotes"]) == (200, "asked")
    assert (await books.tenant.get(f"/finance/invoices/{invoice['id']}"))["closedBy"] == "apibridge"
    assert (await books.tenant.patch(door, status={"name": "New"})).status == 200
    opened = await books.tenant.patch(f"/finance/invoices/{invoice['id']}", customerPO="1")
    assert (opened.status, opened.value["reference"]) == (200, "000433")


async def test_a_batched_invoice_stays_finished_until_it_leaves_its_batch(books: Documents) -> None:
    invoice = await books.invoice()
    await lock(books, invoice, "batched")
    door = f"/finance/closedInvoices/{invoice['id']}"
    refused = await books.tenant.patch(door, status={"name": "Sent"})
    assert message(refused) == f"Invoice {invoice['invoiceNumber']} has been batched and cannot be reopened."
    books.tenant.box.connectwise_user.unbatch(invoice["id"])
    await books.line(invoice={"id": invoice["id"]})
