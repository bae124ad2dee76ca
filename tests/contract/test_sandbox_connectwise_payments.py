"""What the ConnectWise stand-in makes of the payments of an invoice."""

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


async def owed(books: Documents) -> tuple[Any, str]:
    """Make an invoice of 20.10 and return it with the path of its payments."""
    invoice = await books.invoice()
    await books.line(invoice={"id": invoice["id"]}, quantity=2, price=Decimal("10.05"))
    return invoice, f"/finance/invoices/{invoice['id']}/payments"


async def balance(books: Documents, invoice: Any) -> Any:
    shown = await books.tenant.get(f"/finance/invoices/{invoice['id']}")
    return shown["payments"], shown["balance"]


async def test_payments_are_kept_under_their_invoice_and_change_its_balance(books: Documents) -> None:
    invoice, path = await owed(books)
    body = {"type": "Check", "amount": Decimal("5.05"), "paymentDate": "2026-05-02T00:00:00Z"}
    made = await books.tenant.post(path, **body, appliedBy="cwbridge:1", invoice={"id": 77}, balance=3)
    assert (made["type"], made["amount"], made["appliedBy"]) == ("Check", Decimal("5.05"), "cwbridge:1")
    assert (made["paymentDate"], made["source"]) == ("2026-05-02T00:00:00Z", "Default")
    assert (made["invoice"]["id"], made["invoice"]["identifier"]) == (invoice["id"], invoice["invoiceNumber"])
    assert (made["invoiceTotal"], made["invoiceBalance"]) == (Decimal("20.10"), Decimal("15.05"))
    twin = await books.tenant.post(path, **body)
    assert twin["appliedBy"] == "apibridge"
    assert [row["id"] for row in await books.tenant.get(path)] == [made["id"], twin["id"]]
    assert await balance(books, invoice) == (Decimal("10.10"), Decimal("10.00"))
    changed = await books.tenant.patch(f"{path}/{made['id']}", amount=Decimal("-1.5"), type="CreditCard")
    assert (changed.value["amount"], changed.value["type"]) == (Decimal("-1.5"), "CreditCard")
    assert await balance(books, invoice) == (Decimal("3.55"), Decimal("16.55"))
    assert (await books.tenant.call("DELETE", f"{path}/{made['id']}")).status == 204
    assert await balance(books, invoice) == (Decimal("5.05"), Decimal("15.05"))
    assert (await books.tenant.get(f"{path}/{twin['id']}"))["invoiceBalance"] == Decimal("15.05")


async def test_payments_have_no_count_and_belong_to_one_invoice(books: Documents) -> None:
    (_, path), (_, other) = await owed(books), await owed(books)
    made = await books.tenant.post(path, amount=1)
    assert (await books.tenant.call("GET", f"{path}/count")).status == 404
    assert await books.tenant.get(other) == []
    assert (await books.tenant.patch(f"{other}/{made['id']}", amount=2)).status == 404
    assert (await books.tenant.call("POST", "/finance/invoices/77/payments", {"amount": 1})).status == 404
    assert (await books.tenant.call("DELETE", path.removesuffix("/payments"))).status == 409


async def test_a_credit_memo_pays_an_invoice_of_its_company(books: Documents) -> None:
    invoice, path = await owed(books)
    credit = await books.invoice(type="CreditMemo")
    await books.tenant.post(path, amount=5, credit={"id": credit["id"]})
    shown = await books.tenant.get(f"/finance/invoices/{invoice['id']}")
    assert [shown[n] for n in ("payments", "credits", "balance")] == [0, 5, Decimal("15.10")]
    plain = await books.invoice()
    refused = await books.tenant.call("POST", path, {"amount": 5, "credit": {"id": plain["id"]}})
    assert refused.inner == ("InvalidField", "credit")
    assert message(refused) == "The credit must be a credit memo of the same company."


@pytest.mark.parametrize(("mode", "kept"), [("keep", "cwbridge:1"), ("member", "apibridge"), ("drop", None)])
async def test_a_server_may_not_keep_who_applied_a_payment(books: Documents, mode: Any, kept: Any) -> None:
    _, path = await owed(books)
    books.tenant.store.modes.applied_by = mode
    made = await books.tenant.post(path, amount=1, appliedBy="cwbridge:1")
    assert made.get("appliedBy") == kept
    changed = await books.tenant.patch(f"{path}/{made['id']}", appliedBy="cwbridge:1")
    assert changed.value.get("appliedBy") == kept


async def test_a_server_may_refuse_a_change_of_a_payments_type(books: Documents) -> None:
    _, path = await owed(books)
    made = await books.tenant.post(path, amount=1, type="Check")
    books.tenant.store.modes.payment_type_change = "refuse"
    refused = await books.tenant.patch(f"{path}/{made['id']}", type="CreditCard")
    assert (refused.status, refused.inner) == (400, ("InvalidField", "type"))
    assert message(refused) == "The type of a payment cannot be changed."
    assert (await books.tenant.patch(f"{path}/{made['id']}", type="Check", amount=2)).value["amount"] == 2


async def test_a_server_may_refuse_more_than_is_owed(books: Documents) -> None:
    _, path = await owed(books)
    books.tenant.store.modes.overpayments = "refuse"
    refused = await books.tenant.call("POST", path, {"amount": Decimal("20.11")})
    assert refused.inner == ("InvalidField", "amount")
    assert message(refused) == "The amount cannot be greater than the balance of the invoice."
    made = await books.tenant.post(path, amount=Decimal("20.10"))
    assert (await books.tenant.patch(f"{path}/{made['id']}", type="Check")).status == 200


@pytest.mark.parametrize("how", ["is closed", "has been batched"])
async def test_a_finished_invoice_may_refuse_payments(books: Documents, how: str) -> None:
    invoice, path = await owed(books)
    made = await books.tenant.post(path, amount=1)
    if how == "is closed":
        await books.close(invoice)
    else:
        books.tenant.box.connectwise_user.batch(invoice["id"])
    assert (await books.tenant.patch(f"{path}/{made['id']}", amount=2)).status == 200
    assert await balance(books, invoice) == (2, Decimal("18.10"))
    books.tenant.store.modes.closed_payments = "refuse"
    for refused in (
        await books.tenant.call("POST", path, {"amount": 1}),
        await books.tenant.patch(f"{path}/{made['id']}", amount=3),
        await books.tenant.call("DELETE", f"{path}/{made['id']}"),
    ):
        assert (refused.status, refused.inner) == (400, ("InvalidObject", "invoice"))
        said = f"Invoice {invoice['invoiceNumber']} {how}"
        assert message(refused) == f"{said} and its payments cannot be changed."


async def test_another_user_takes_a_payment_and_takes_it_back(books: Documents) -> None:
    invoice, _ = await owed(books)
    user = books.tenant.box.connectwise_user
    taken = {"invoice": {"id": invoice["id"]}, "amount": 5.05, "type": "Cash"}
    number = user.add("finance/invoices/payments", taken)
    assert user.show("finance/invoices/payments", number)["appliedBy"] == "admin"
    user.edit("finance/invoices/payments", number, {"amount": 6})
    assert await balance(books, invoice) == (6, Decimal("14.10"))
    user.remove("finance/invoices/payments", number)
    assert await balance(books, invoice) == (0, Decimal("20.10"))
