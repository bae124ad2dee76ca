"""Expected against actual: only what the case names, and side by side where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from tests.conformance import seen, text_table
from tests.support.books import Books
from tests.support.books import Row as Record


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as expected; both sides as text of one or more lines."""

    what: str
    expected: str
    actual: str


def text(what: str, expected: object, actual: object) -> list[Difference]:
    """Two texts that are to be the same."""
    return [] if str(expected) == str(actual) else [Difference(what, str(expected), str(actual))]


def part(what: str, expected: str, actual: str) -> list[Difference]:
    """A text that is to hold another; `…` stands for anything between."""
    pattern = ".*".join(re.escape(piece) for piece in expected.split("…"))
    return [] if re.search(pattern, actual, re.DOTALL) else [Difference(what, f"…{expected}…", actual)]


def fields(what: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[Difference]:
    """Some fields of a record."""
    if not actual:
        return [Difference(what, _shown(expected), "nothing")] if expected else []
    unknown = expected.keys() - actual.keys()
    if unknown:
        raise ValueError(f"{what} has no {', '.join(sorted(unknown))}; known: {', '.join(sorted(actual))}")
    return [
        Difference(f"{what}: {name}", _shown(value), _shown(actual[name]))
        for name, value in expected.items()
        if not _same(name, _shown(value), _shown(actual[name]))
    ]


def record(
    what: str, expected: Mapping[str, Any], view: seen.View, books: Books, row: Record
) -> list[Difference]:
    """Some fields of a record of ConnectWise."""
    if not expected:
        return []
    known = {name: look(books, row) if name in expected else "" for name, look in view.items()}
    return fields(what, expected, known)


def table(
    what: str, expected: str, view: seen.View, books: Books, rows: Sequence[Record]
) -> list[Difference]:
    """All rows of a table, by the columns that the case names."""
    columns = [cell.strip() for cell in expected.strip().splitlines()[0].split("|")]
    unknown = set(columns) - view.keys()
    if unknown:
        raise ValueError(
            f"{what} has no column {', '.join(sorted(unknown))}; known: {', '.join(sorted(view))}"
        )
    wanted = [[row[name] for name in columns] for row in text_table.read(expected)]
    actual = [[str(view[name](books, row)) for name in columns] for row in rows]
    if len(wanted) == len(actual) and all(
        _same(name, one, other)
        for left, right in zip(wanted, actual, strict=True)
        for name, one, other in zip(columns, left, right, strict=True)
    ):
        return []
    shown = ([text_table.folded(cell) for cell in row] for row in actual)
    return [Difference(what, text_table.write(columns, wanted), text_table.write(columns, shown))]


def side_by_side(differences: Iterable[Difference]) -> str:
    """For a person: each thing with what was expected and what is there."""
    return "\n\n".join(
        f"{one.what}\n  expected\n{_indented(one.expected)}\n  actual\n{_indented(one.actual)}"
        for one in differences
    )


def _indented(told: str) -> str:
    return "\n".join(f"    {line}" for line in told.splitlines() or [""])


def _shown(value: Any) -> str:
    return str(value).replace(text_table.NEW_LINE, "\n")


def _same(name: str, expected: str, actual: str) -> bool:
    if name in seen.NUMBERS:
        try:
            return Decimal(expected) == Decimal(actual)
        except InvalidOperation:
            return expected == actual
    if "…" in expected:
        return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), actual, re.DOTALL) is not None
    return expected == actual
