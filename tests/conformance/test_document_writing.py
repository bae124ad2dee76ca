"""How the cases of documents are read and written into BSS; what this gets wrong no case can tell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conformance import document_compare
from tests.conformance.case_files import CaseFiles
from tests.conformance.document_case import FILES, Case, Given
from tests.conformance.document_tenant import INVOICE, Tenant
from tests.conformance.document_view import COLUMNS

CASES = FILES.all_cases()


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_what_a_case_gives_can_be_in_bss_and_what_it_expects_can_be_shown(case: Case, tenant: Tenant) -> None:
    for given, expect in (
        (case.given, case.expect),
        *((step.change, step.expect) for step in case.then),
    ):
        tenant.accounts(given)
        tenant.writer.write(given)
        if expect.of:
            noun, _, name = expect.of.partition(" ")
            tenant.names.get(noun, name)
        for what, columns in COLUMNS.items():
            wanted = getattr(expect, what.replace(" ", "_"))
            if wanted is not None:
                document_compare.records(what, wanted, columns, [])


@pytest.mark.parametrize(
    "text",
    [
        "given.invoice = ''",
        "expect.line = ''",
        "needs = ['invoices']",
        "given.in_connectwise.companies = ''",
    ],
)
def test_a_typing_mistake_in_a_file_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(f"title = 'x'\n[[case]]\nname = 'x'\n{text}\nexpect.told = 'x'\n")
    with pytest.raises(ValueError, match=r"1\.toml"):
        CaseFiles(tmp_path, Case).all_cases()


def test_a_new_record_has_what_its_row_says_and_is_usual_otherwise(tenant: Tenant) -> None:
    tenant.writer.write(INVOICE)
    invoice = tenant.row("invoice", "000433")
    assert (invoice["code"], invoice["stage"], invoice["type"]) == ("000433", "Unpaid", "Debit")
    assert (invoice["accountId"], invoice["billingAccountName"]) == (1, "Harbor Lights")
    assert (invoice["date"], invoice["currency"]) == (date(2026, 4, 30), {"code": "USD"})
    assert (invoice["taxAmount"], invoice["totalAmount"]) == (Decimal("1.01"), Decimal("69.41"))
    assert tenant.item("000433/1")["product"]["code"] == "MBX-50"
    assert tenant.item("000433/1")["finalTotal"] == Decimal("50.40")


def test_a_known_name_changes_only_the_columns_of_its_row(tenant: Tenant) -> None:
    tenant.writer.write(INVOICE)
    change = Given(
        invoices="invoice | due | stage\n000433 | | Paid",
        items="of | item | quantity\n000433 | 1 | 5\n000433 | 3 | 1",
        gone=("item 2 of 000433",),
    )
    before = tenant.row("invoice", "000433")
    tenant.writer.write(change)
    after = tenant.row("invoice", "000433")
    assert (after["id"], after["dueDate"], after["stage"]) == (before["id"], None, "Paid")
    assert [item["finalTotal"] for item in after["items"]] == [Decimal("21.00"), Decimal(0)]
    assert after["updatedAt"] >= before["updatedAt"]
    tenant.writer.write(Given(gone=("invoice 000433",)))
    assert tenant.store.rows("invoices") == {}


def test_subscriptions_payments_and_orders_refer_to_each_other(tenant: Tenant) -> None:
    tenant.writer.write(
        Given(
            subscriptions="subscription | quantity\nS1 | 3\nS2 | 9",
            orders="order | account | contact\nORD-1 | Lakeside Dental | Grace Byron",
            invoices="invoice\n000434",
            items="of | item | quantity | price | subscriptions\n000434 | 1 | | 4.20 | S1, S2",
            payments="payment | invoice | amount\nP1 | 000434 | 50.40\nP2 | | 1",
        )
    )
    item = tenant.item("000434/1")
    assert "quantity" not in item
    assert ([one["quantity"] for one in item["subscriptions"]], item["finalTotal"]) == (
        [3, 9],
        Decimal("50.40"),
    )
    assert tenant.row("payment", "P1")["invoiceId"] == tenant.names.get("invoice", "000434")
    assert tenant.row("payment", "P2")["invoiceId"] is None
    order = tenant.row("order", "ORD-1")
    assert order["accountId"] == order["billToAccountId"] == tenant.names.get("account", "Lakeside Dental")
    assert order["contact"] == {"id": tenant.names.get("contact", "Grace Byron")}
    assert tenant.row("subscription", "S1")["product"]["code"] == "MBX-50"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Given(invoices="invoice | colour\n1 | red"), "no column colour"),
        (Given(items="of | item\n000433 | 1"), "'000433' is the name of 0 documents"),
        (Given(payments="payment | invoice | amount\nP1 | 000433 | 1"), "no invoice '000433'"),
        (Given(gone=("order 1",)), "no order '1'"),
        (Given(orders="order\n1", invoices="invoice\n1", items="of | item\n1 | 1"), "2 documents"),
    ],
)
def test_what_a_case_cannot_give_is_told(tenant: Tenant, given: Given, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        tenant.writer.write(given)
