"""The lines of one order or invoice: each item of BSS once, with its amounts, and all of them together with the lines of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from sandbox.connectwise.store import API_MEMBER
from tests.fault import document_expected as expected
from tests.fault.document_books import INVOICES, DocumentBooks, Row, billed, item_of_line
from tests.fault.violations import Violation


def lines_wrong(
    books: DocumentBooks, table: str, named: str, document: Row, held: Row
) -> Iterator[Violation]:
    """What is wrong with the lines of `document`, which is `held` in ConnectWise."""
    rows = books.lines(table, held["id"])
    ours = [row for row in rows if item_of_line(row) is not None]
    foreign = [row for row in rows if item_of_line(row) is None]
    for row in foreign:
        if row["_info"].get("enteredBy") == API_MEMBER:
            yield Violation("doubled", f"line {row['id']} of {named} was made by the flow without a name")
    times = Counter(item_of_line(row) for row in ours)
    wanted = {item["id"]: item for item in document["items"]}
    for key in sorted(wanted.keys() - times.keys()):
        yield Violation("lost", f"{named}: line {key} is missing")
    for row in ours:
        key = item_of_line(row)
        assert key is not None
        if key not in wanted:
            yield Violation("doubled", f"{named}: line {key} should be gone")
        elif times[key] > 1:
            yield Violation("doubled", f"{named}: line {key} is there {times[key]} times")
        else:
            yield from _line(books, f"{named}: line {key}", wanted[key], row)
    subtotal = Decimal(held["subtotal" if table == INVOICES else "subTotal"])
    total = expected.net(document) + sum(map(billed, foreign), Decimal(0))
    if subtotal != total:
        yield Violation("lost", f"{named} comes to {subtotal} and should come to {total}")


def _line(books: DocumentBooks, named: str, item: Row, row: Row) -> Iterator[Violation]:
    wanted = expected.amounts(item)
    actual = tuple(Decimal(row[name]) for name in ("quantity", "price", "cost"))
    if actual != wanted:
        yield Violation("lost", f"{named} is {actual} and should be {wanted}")
    product = books.item_of(item["product"]["id"])
    if row["catalogItem"]["id"] != product:
        yield Violation("lost", f"{named} is of catalog item {row['catalogItem']['id']}, not of {product}")
