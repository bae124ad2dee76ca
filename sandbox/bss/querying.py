"""`$filter` and `$orderby` applied to rows: only the fields that a collection names can be asked for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bss import grammar
from sandbox.bss.collections import Collection, Kind, Row
from sandbox.bss.grammar import Both, Comparison, Expression
from sandbox.bss.modes import Modes
from sandbox.bss.problems import bad_query

Test = Callable[[Row], bool]

UPDATED = "updatedAt"
LITERALS: dict[Kind, type] = {"text": str, "number": Decimal, "time": datetime, "flag": bool}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "contains": operator.contains,
}


def matching(collection: Collection, modes: Modes, text: str) -> Test:
    """Return the test that a filter stands for; raise Refusal (400) when it is not understood or not supported."""
    return _Reader(collection, modes).test(grammar.parse(text))


def ordered(collection: Collection, modes: Modes, rows: Sequence[Row], text: str | None) -> list[Row]:
    """Return rows in the order of `name [asc|desc], ...`, then of their ids; raise Refusal (400) for an unknown order."""
    found = sorted(rows, key=lambda row: row["id"])
    if text is None:
        return found
    for name, descending in reversed([_order(collection, modes, part) for part in text.split(",")]):
        found.sort(key=lambda row: _rank(row.get(name)), reverse=descending)
    return found


class _Reader:
    def __init__(self, collection: Collection, modes: Modes) -> None:
        self._collection = collection
        self._modes = modes

    def test(self, expression: Expression) -> Test:
        if isinstance(expression, Comparison):
            return self._comparison(expression)
        tests = [self.test(part) for part in expression.parts]
        if isinstance(expression, Both):
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)

    def _comparison(self, asked: Comparison) -> Test:
        kind = self._collection.filters.get(asked.name)
        if kind is None or (asked.name == UPDATED and not self._modes.filter_updated):
            raise bad_query(f"The property '{asked.name}' is not supported in $filter.")
        if not isinstance(asked.value, LITERALS[kind]) or (asked.operator == "contains" and kind != "text"):
            raise bad_query(f"The operator or the literal does not fit the property '{asked.name}'.")
        wanted = self._comparable(self._in_zone(asked.value))
        if asked.operator == "ne":
            return lambda row: self._comparable(row.get(asked.name)) != wanted
        compare = COMPARE[asked.operator]

        def test(row: Row) -> bool:
            held = row.get(asked.name)
            return held is not None and compare(self._comparable(held), wanted)

        return test

    def _in_zone(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.replace(tzinfo=ZoneInfo(self._modes.time_zone))
        return value

    def _comparable(self, value: Any) -> Any:
        return value.casefold() if isinstance(value, str) and not self._modes.case_sensitive else value


def _order(collection: Collection, modes: Modes, part: str) -> tuple[str, bool]:
    name, *direction = part.split() or [""]
    if len(direction) > 1 or (direction and direction[0] not in ("asc", "desc")):
        raise bad_query(f"Syntax error in $orderby: '{part.strip()}'.")
    if name not in collection.orders or (name == UPDATED and not modes.order_updated):
        raise bad_query(f"The property '{name}' is not supported in $orderby.")
    return name, direction == ["desc"]


def _rank(value: Any) -> tuple[bool, Any]:
    return value is not None, value.casefold() if isinstance(value, str) else value
