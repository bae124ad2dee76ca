"""How records of ConnectWise are shown in the words of the cases of documents and compared with them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cwbridge.redis import Redis
from tests.conformance import document_compare, document_page
from tests.conformance.document_case import FILES, Expected, Given, InConnectWise
from tests.conformance.document_play import DocumentPlay
from tests.conformance.document_tenant import INVOICE, Row, Tenant
from tests.conformance.document_view import COLUMNS, DocumentView
from tests.conformance.document_words import FIRST_ACCOUNT, SECOND_ACCOUNT


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


def view(tenant: Tenant, tables: Mapping[str, list[Row]]) -> DocumentView:
    return DocumentView(lambda table: tables.get(table, []), tenant.names)


def line(tenant: Tenant, number: int, item: str, quantity: str, price: str, **more: Any) -> Row:
    external = f"bss:{tenant.names.get('item', item)}@abc" if item else ""
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


def test_an_invoice_is_shown_with_its_lines_and_the_sums_of_both_sides(tenant: Tenant) -> None:
    tenant.writer.write(INVOICE)
    of = {"invoice": {"id": 40}}
    shown = view(
        tenant,
        {
            "company/companies": [{"id": 5, "name": "Harbor Lights"}],
            "procurement/catalog": [{"id": 7, "identifier": "MBX-50"}],
            "finance/invoices": [
                {"id": 40, "reference": "000433", "invoiceNumber": "000433", "company": {"id": 5}},
                {"id": 41, "reference": "", "invoiceNumber": "9", "company": {"id": 5}, "subtotal": 3},
            ],
            "procurement/products": [
                line(tenant, 1, "000433/1", "12", "4.20", **of),
                line(tenant, 2, "", "1", "0.005", **of),
                line(tenant, 3, "", "1", "9", salesOrder={"id": 40}),
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


def test_two_documents_of_one_code_are_told_apart_by_their_lines(tenant: Tenant) -> None:
    tenant.writer.write(
        Given(
            orders="order | code\nfirst | ORD-1\nsecond | ORD-1",
            items="of | item | quantity | price\nfirst | 1 | 1 | 2\nsecond | 1 | 1 | 3",
        )
    )
    shown = view(
        tenant,
        {
            "sales/orders": [{"id": 1, "poNumber": "ORD-1"}, {"id": 2, "poNumber": "ORD-1"}],
            "procurement/products": [
                line(tenant, 1, "second/1", "1", "3", salesOrder={"id": 1}),
                line(tenant, 2, "first/1", "1", "2", salesOrder={"id": 2}),
            ],
        },
    )
    assert [row["order"] for row in shown.shown("orders")] == ["second", "first"]


def test_payments_and_additions_are_known_by_their_external_ids(tenant: Tenant) -> None:
    tenant.writer.write(INVOICE)
    tenant.writer.write(
        Given(payments="payment | invoice | amount\nP1 | 000433 | 5", subscriptions="subscription\nS1")
    )
    subscription, payment = tenant.names.get("subscription", "S1"), tenant.names.get("payment", "P1")
    at = "2026-05-10T00:00:00Z"
    shown = view(
        tenant,
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
                    "customFields": [{"id": 9, "value": subscription}],
                }
            ],
            "system/userDefinedFields": [{"id": 9, "caption": "Subscription ID"}],
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


def test_every_record_is_shown_by_all_its_columns(tenant: Tenant) -> None:
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
        (row,) = view(tenant, {table: empty}).shown(what)
        assert row.keys() == set(COLUMNS[what])


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


def test_a_case_is_a_row_of_the_page() -> None:
    (case,) = [one for one in FILES.all_cases() if one.name.startswith("A closed invoice is refused")]
    heading, _, head, _, row, *_ = document_page.tables([case]).splitlines()
    assert heading == "### 3. Invoice to invoice"
    assert head == "| case | given | expected |"
    name, given, expected = row.strip("| ").split(" | ")
    assert name == case.name
    assert "2. items: of 000442: item 1, quantity 3" in given
    assert "closed: invoice 000442" in given
    assert "totals: document 000442: BSS 12.60, ConnectWise 4.20, difference -8.40" in expected
