"""A table of a case against the records that are there: every record once, in any order, by the columns that the case names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from tests.conformance import text_table
from tests.conformance.compare import Difference

Shown = Mapping[str, str]
NONE = "none"
AMOUNTS = frozenset(
    {
        "quantity",
        "price",
        "cost",
        "total",
        "subtotal",
        "tax",
        "amount",
        "balance",
        "BSS",
        "ConnectWise",
        "difference",
    }
)
"""What is compared as a number: 4.2 and 4.20 are the same, and 4.20 and 4.201 are not."""


def records(what: str, wanted: str, columns: Sequence[str], rows: Sequence[Shown]) -> list[Difference]:
    """`none` says that there is no record; `…` in a cell stands for any text.

    `columns` are those that such records can show; raises ValueError where the case names another one.
    """
    if wanted.strip() == NONE:
        actual = [_cells(columns, row) for row in rows]
        return [Difference(what, NONE, text_table.write(columns, actual))] if rows else []
    named = [cell.strip() for cell in wanted.strip().splitlines()[0].split("|")]
    unknown = [name for name in named if name not in columns]
    if unknown:
        raise ValueError(f"{what} have no column {', '.join(unknown)}; known: {', '.join(columns)}")
    expected = text_table.read(wanted)
    left = list(rows)
    for row in expected:
        found = next((one for one in left if _fits(named, row, one)), None)
        if found is None:
            break
        left.remove(found)
    else:
        if not left:
            return []
    return [
        Difference(
            what,
            text_table.write(named, [_cells(named, row) for row in expected]),
            text_table.write(named, sorted(_cells(named, row) for row in rows)) if rows else NONE,
        )
    ]


def _cells(columns: Sequence[str], row: Shown) -> list[str]:
    return [text_table.folded(row[name]) for name in columns]


def _fits(columns: Sequence[str], wanted: Shown, actual: Shown) -> bool:
    return all(_same(name, wanted[name], actual[name]) for name in columns)


def _same(column: str, wanted: str, actual: str) -> bool:
    if column in AMOUNTS:
        try:
            return Decimal(wanted) == Decimal(actual)
        except InvalidOperation:
            return wanted == actual
    if "…" in wanted:
        return re.fullmatch(".*".join(map(re.escape, wanted.split("…"))), actual, re.DOTALL) is not None
    return wanted == actual
