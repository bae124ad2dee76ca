"""One table of the stand-in: rows by id, with indexes for the look-ups that clients make often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Row = dict[str, Any]


def fold(value: Any) -> Any:
    """Bring a value to the form in which the server compares it: text without case and trailing spaces."""
    return value.rstrip(" ").casefold() if isinstance(value, str) else value


def values_at(row: Row, path: str) -> list[Any]:
    """Return what a row holds at a path: several values below an array, none where something is missing."""
    found: list[Any] = [row]
    for name in path.split("/"):
        deeper = [item.get(name) for item in found if isinstance(item, dict)]
        found = [leaf for item in deeper for leaf in (item if isinstance(item, list) else [item])]
    return [value for value in found if value is not None]


class Table:
    """Rows in the order of their ids; the rows handed out are the stored ones and are replaced, never edited."""

    def __init__(self, name: str, indexes: Iterable[str] = ()) -> None:
        self.name = name
        self.rows: dict[int, Row] = {}
        self._last_id = 0
        self._indexes: dict[str, dict[Any, dict[int, None]]] = {path: {} for path in indexes}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __contains__(self, number: int) -> bool:
        return number in self.rows

    def get(self, number: int) -> Row | None:
        return self.rows.get(number)

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def put(self, row: Row) -> None:
        """Store a row under its id, in place of an earlier one."""
        number = row["id"]
        before = self.rows.get(number)
        if before is not None:
            self._forget(before)
        self.rows[number] = row
        self._last_id = max(self._last_id, number)
        for path, index in self._indexes.items():
            for value in values_at(row, path):
                index.setdefault(fold(value), {})[number] = None

    def remove(self, number: int) -> None:
        self._forget(self.rows.pop(number))

    def indexed(self, path: str) -> bool:
        return path == "id" or path in self._indexes

    def find(self, path: str, *values: Any) -> list[Row]:
        """Return the rows that hold one of the values at an indexed path, by id."""
        if path == "id":
            return [self.rows[number] for number in sorted(set(values)) if number in self.rows]
        index = self._indexes[path]
        numbers = {number for value in values for number in index.get(fold(value), ())}
        return [self.rows[number] for number in sorted(numbers)]

    def count(self, path: str, *values: Any) -> int:
        """Count the rows that hold one of the values at an indexed path."""
        if path == "id":
            return len(values)
        return sum(len(self._indexes[path].get(fold(value), ())) for value in values)

    def _forget(self, row: Row) -> None:
        for path, index in self._indexes.items():
            for value in values_at(row, path):
                key = fold(value)
                if (numbers := index.get(key)) is not None:
                    numbers.pop(row["id"], None)
                    if not numbers:
                        del index[key]
