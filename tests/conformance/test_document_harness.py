"""The code that reads, writes, shows and compares the cases of documents; what it gets wrong no case can tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cwbridge.redis import Redis
from sandbox.bss.store import BssStore
from sandbox.bss.user import BssUser
from tests.conformance import document_compare, text_table
from tests.conformance.case_files import CaseFiles
from tests.conformance.document_case import FILES, Case, Expected, Given, InConnectWise
from tests.conformance.document_names import Names
from tests.conformance.document_play import DocumentPlay
from tests.conformance.document_view import COLUMNS, DocumentView
from tests.conformance.document_words import CONTACTS, FIRST_ACCOUNT, PRODUCTS, SECOND_ACCOUNT
from tests.conformance.document_writer import DocumentWriter

Row = dict[str, Any]
CASES = FILES.all_cases()
INVOICE = Given(
    invoices="invoice | tax\n000433 | 1.01",
    items="of | item | product | quantity | price\n000433 | 1 | MBX-50 | 12 | 4.20\n000433 | 2 | BKP-TB | 1 | 18.00",
)


class Hand:
    """A BSS stand-in with the two accounts and the products of every case."""

    def __init__(self) -> None:
        self.store = BssStore()
        self.names = Names()
        for name in (FIRST_ACCOUNT, SECOND_ACCOUNT):
            account = self.store.add("accounts", name=name)["id"]
            self.names.set("account", name, account)
            person = self.store.add("contacts", accountId=account)["id"]
            self.names.set("contact", CONTACTS[name], person)
        self.writer = DocumentWriter(BssUser(self.store), self.names)
        for row in text_table.read(PRODUCTS):
            self.writer.record("product", row)

    def accounts(self, given: Given) -> None:
        """The play makes them; here they only have to be known."""
        for row in text_table.read(given.accounts):
            if self.names.find("account", row["account"]) is None:
                number = self.store.add("accounts", name=row["account"])["id"]
                self.names.set("account", row["account"], number)

    def row(self, noun: str, name: str) -> Row:
        row: Row = self.store.rows(f"{noun}s")[self.names.get(noun, name)]
        return row

    def item(self, name: str) -> Row:
        document = self.row("invoice", name.partition("/")[0])
        number = self.names.get("item", name)
        return next(item for item in document["items"] if item["id"] == number)


@pytest.fixture
def hand() -> Hand:
    return Hand()


# reading


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_what_a_case_gives_can_be_in_bss_and_what_it_expects_can_be_shown(case: Case, hand: Hand) -> None:
    for given, expect in (
        (case.given, case.expect),
        *((step.change, step.expect) for step in case.then),
    ):
        hand.accounts(given)
        hand.writer.write(given)
        if expect.of:
            noun, _, name = expect.of.partition(" ")
            hand.names.get(noun, name)
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


# writing


def test_a_new_record_has_what_its_row_says_and_is_usual_otherwise(hand: Hand) -> None:
    hand.writer.write(INVOICE)
    invoice = hand.row("invoice", "000433")
    assert (invoice["code"], invoice["stage"], invoice["type"]) == ("000433", "Unpaid", "Debit")
    assert (invoice["accountId"], invoice["billingAccountName"]) == (1, "Harbor Lights")
    assert (invoice["date"], invoice["currency"]) == (date(2026, 4, 30), {"code": "USD"})
    assert (invoice["taxAmount"], invoice["totalAmount"]) == (Decimal("1.01"), Decimal("69.41"))
    assert hand.item("000433/1")["product"]["code"] == "MBX-50"
    assert hand.item("000433/1")["finalTotal"] == Decimal("50.40")


def test_a_known_name_changes_only_the_columns_of_its_row(hand: Hand) -> None:
    hand.writer.write(INVOICE)
    change = Given(
        invoices="invoice | due | stage\n000433 | | Paid",
        items="of | item | quantity\n000433 | 1 | 5\n000433 | 3 | 1",
        gone=("item 2 of 000433",),
    )
    before = hand.row("invoice", "000433")
    hand.writer.write(change)
    after = hand.row("invoice", "000433")
    assert (after["id"], after["dueDate"], after["stage"]) == (before["id"], None, "Paid")
    assert [item["finalTotal"] for item in after["items"]] == [Decimal("21.00"), Decimal(0)]
    assert after["updatedAt"] >= before["updatedAt"]
    hand.writer.write(Given(gone=("invoice 000433",)))
    assert hand.store.rows("invoices") == {}


def test_subscriptions_payments_and_orders_refer_to_each_other(hand: Hand) -> None:
    hand.writer.write(
        Given(
            subscriptions="subscription | quantity\nS1 | 3\nS2 | 9",
            orders="order | account | contact\nORD-1 | Lakeside Dental | Grace Byron",
            invoices="invoice\n000434",
            items="of | item | quantity | price | subscriptions\n000434 | 1 | | 4.20 | S1, S2",
            payments="payment | invoice | amount\nP1 | 000434 | 50.40\nP2 | | 1",
        )
    )
    item = hand.item("000434/1")
    assert "quantity" not in item
    assert ([one["quantity"] for one in item["subscriptions"]], item["finalTotal"]) == (
        [3, 9],
        Decimal("50.40"),
    )
    assert hand.row("payment", "P1")["invoiceId"] == hand.names.get("invoice", "000434")
    assert hand.row("payment", "P2")["invoiceId"] is None
    order = hand.row("order", "ORD-1")
    assert order["accountId"] == order["billToAccountId"] == hand.names.get("account", "Lakeside Dental")
    assert order["contact"] == {"id": hand.names.get("contact", "Grace Byron")}
    assert hand.row("subscription", "S1")["product"]["code"] == "MBX-50"


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
def test_what_a_case_cannot_give_is_told(hand: Hand, given: Given, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        hand.writer.write(given)


# showing


def view(hand: Hand, tables: Mapping[str, list[Row]]) -> DocumentView:
    return DocumentView(lambda table: tables.get(table, []), hand.names)


def line(hand: Hand, number: int, item: str, quantity: str, price: str, **more: Any) -> Row:
    external = f"bss:{hand.names.get('item', item)}@abc" if item else ""
    return {
        "id": number,
        "integrationXRef": external,
        "catalogItem": {"id": 7},
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "cost": Decimal(0),
        "billableOption": "Billable",
        **more,
    }


def test_an_invoice_is_shown_with_its_lines_and_the_sums_of_both_sides(hand: Hand) -> None:
    hand.writer.write(INVOICE)
    of = {"invoice": {"id": 40}}
    shown = view(
        hand,
        {
            "company/companies": [{"id": 5, "name": "Harbor Lights"}],
            "procurement/catalog": [{"id": 7, "identifier": "MBX-50"}],
            "finance/invoices": [
                {"id": 40, "reference": "000433", "invoiceNumber": "000433", "company": {"id": 5}},
                {"id": 41, "reference": "", "invoiceNumber": "9", "company": {"id": 5}, "subtotal": 3},
            ],
            "procurement/products": [
                line(hand, 1, "000433/1", "12", "4.20", **of),
                line(hand, 2, "", "1", "0.005", **of),
                line(hand, 3, "", "1", "9", salesOrder={"id": 40}),
            ],
        },
    )
    ours, other = shown.shown("invoices")
    assert (ours["invoice"], ours["number"], ours["company"], ours["subtotal"]) == (
        "000433",
        "000433",
        "Harbor Lights",
        "50.41",
    )
    assert (other["invoice"], other["subtotal"]) == ("by hand", "3")
    assert [(row["of"], row["line"], row["total"]) for row in shown.shown("lines")] == [
        ("000433", "1", "50.40"),
        ("000433", "by hand", "0.01"),
        ("", "by hand", "9.00"),
    ]
    assert shown.totals({"000433": ("invoice", Decimal("68.40"))}) == [
        {"document": "000433", "BSS": "68.40", "ConnectWise": "50.41", "difference": "-17.99"}
    ]


def test_two_documents_of_one_code_are_told_apart_by_their_lines(hand: Hand) -> None:
    hand.writer.write(
        Given(
            orders="order | code\nfirst | ORD-1\nsecond | ORD-1",
            items="of | item | quantity | price\nfirst | 1 | 1 | 2\nsecond | 1 | 1 | 3",
        )
    )
    shown = view(
        hand,
        {
            "sales/orders": [{"id": 1, "poNumber": "ORD-1"}, {"id": 2, "poNumber": "ORD-1"}],
            "procurement/products": [
                line(hand, 1, "second/1", "1", "3", salesOrder={"id": 1}),
                line(hand, 2, "first/1", "1", "2", salesOrder={"id": 2}),
            ],
        },
    )
    assert [row["order"] for row in shown.shown("orders")] == ["second", "first"]


def test_payments_and_additions_are_known_by_their_external_ids(hand: Hand) -> None:
    hand.writer.write(INVOICE)
    hand.writer.write(
        Given(payments="payment | invoice | amount\nP1 | 000433 | 5", subscriptions="subscription\nS1")
    )
    subscription, payment = hand.names.get("subscription", "S1"), hand.names.get("payment", "P1")
    at = "2026-05-10T00:00:00Z"
    shown = view(
        hand,
        {
            "finance/invoices": [{"id": 40, "reference": "000433"}],
            "finance/invoices/payments": [
                {
                    "id": 1,
                    "invoice": {"id": 40},
                    "amount": 5,
                    "paymentDate": at,
                    "appliedBy": f"cwbridge:{payment}",
                },
                {"id": 2, "invoice": {"id": 40}, "amount": 5, "paymentDate": at, "appliedBy": "Ann"},
            ],
            "finance/agreements": [{"id": 3, "name": "Monthly"}],
            "finance/agreements/additions": [
                {
                    "id": 4,
                    "agreementId": 3,
                    "cancelledDate": at,
                    "customFields": [{"id": 9, "caption": "Subscription ID", "value": subscription}],
                }
            ],
        },
    )
    ours, other = shown.shown("payments")
    assert (ours["payment"], ours["invoice"], ours["date"], ours["applied by"]) == (
        "P1",
        "000433",
        "2026-05-10",
        "cwbridge",
    )
    assert (other["payment"], other["applied by"]) == ("by hand", "Ann")
    (addition,) = shown.shown("additions")
    assert (addition["subscription"], addition["agreement"]) == ("S1", "Monthly")
    assert addition["cancelled"] == "2026-05-10"


def test_every_record_is_shown_by_all_its_columns(hand: Hand) -> None:
    empty = [{"id": 1}]
    tables = {
        "catalog items": "procurement/catalog",
        "orders": "sales/orders",
        "invoices": "finance/invoices",
        "lines": "procurement/products",
        "payments": "finance/invoices/payments",
        "agreements": "finance/agreements",
        "additions": "finance/agreements/additions",
    }
    for what, table in tables.items():
        (row,) = view(hand, {table: empty}).shown(what)
        assert row.keys() == set(COLUMNS[what])


# comparing


ROWS = [{"line": "1", "price": "4.20"}, {"line": "2", "price": "18.000"}]


@pytest.mark.parametrize(
    ("wanted", "rows", "same"),
    [
        ("line | price\n2 | 18.00\n1 | 4.2", ROWS, True),
        ("line\n1\n2", ROWS, True),
        ("line | price\n1 | 4.20\n2 | 18.001", ROWS, False),
        ("line | price\n1 | 4.20", ROWS, False),
        ("line | price\n1 | 4.20\n2 | 18\n2 | 18", ROWS, False),
        ("line\n1\n1", ROWS, False),
        ("none", [], True),
        ("none", ROWS, False),
        ("line\n…\n2", ROWS, True),
        ("line\n1…\n2", ROWS, True),
        ("line | price\n1 | \n2 | 18", ROWS, False),
    ],
)
def test_a_table_is_every_record_once_in_any_order(
    wanted: str, rows: list[dict[str, str]], same: bool
) -> None:
    found = document_compare.records("lines", wanted, ("line", "price"), rows)
    assert (found == []) is same


def test_a_difference_shows_both_tables() -> None:
    (found,) = document_compare.records("lines", "line | price\n1 | 4.20", ("line", "price"), ROWS)
    assert found.expected == "line | price\n1    | 4.20"
    assert found.actual == "line | price\n1    | 4.20\n2    | 18.000"


def test_a_column_that_there_is_not_is_told() -> None:
    with pytest.raises(ValueError, match="lines have no column colour; known: line, price"):
        document_compare.records("lines", "colour\nred", ("line", "price"), ROWS)


# playing


async def test_a_play_begins_with_two_linked_accounts_and_tells_what_is_not_as_expected(
    redis: Redis, redis_url: str
) -> None:
    async with DocumentPlay.opened(redis, redis_url) as play:
        companies = {row["name"] for row in play.pairs.companies()}
        assert companies == {FIRST_ACCOUNT, SECOND_ACCOUNT}
        nothing = {what.replace(" ", "_"): "none" for what in COLUMNS}
        expect = msgspec.convert(nothing, Expected)
        assert list(play.differences(expect)) == []

        play.change(Given(in_connectwise=InConnectWise(catalog_items="catalog item | price\nDNS-1 | 0.99")))
        (difference,) = play.differences(expect)
        assert difference.what == "catalog items"
        assert "DNS-1" in difference.actual
        wanted = Expected(catalog_items="product | identifier | price\nby hand | DNS-1 | 0.990")
        assert list(play.differences(wanted)) == []
