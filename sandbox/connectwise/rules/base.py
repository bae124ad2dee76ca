"""The moments of a write at which a noun may have its say; the plain noun says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row


class Rules:
    """Rules of a noun without any.

    `owned` lists the tables, each with the indexed path to the owner's id, whose rows go with the owner; `recycled`
    says that a delete only marks the row.
    """

    owned: ClassVar[tuple[tuple[str, str], ...]] = ()
    recycled: ClassVar[bool] = False

    def __init__(self, store: ConnectWiseStore, table: str, member: str) -> None:
        self.store = store
        self.table = table
        self.member = member

    def adopt(self, body: Row) -> Row:
        """Return the part of a create's body that the field table is to read."""
        return body

    def allow_create(self, body: Row) -> None:
        """Raise Refusal when nothing of the kind can be created now."""

    def fill(self, row: Row, body: Row) -> None:
        """Fill in what a created or replaced row leaves open."""

    def settle(self, row: Row, old: Row | None) -> None:
        """Work out the computed fields before a row is stored."""

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        """Yield what is wrong across fields and tables."""
        del row, old, body
        yield from ()

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        """Do what follows a stored row."""

    def allow_delete(self, row: Row) -> None:
        """Raise Refusal when the row has to stay."""

    def remove(self, row: Row) -> None:
        """Take the row away with what it owns."""
        for table, path in self.owned:
            for child in self.store.table(table).find(path, row["id"]):
                self.store.remove(table, child["id"])
        self.store.remove(self.table, row["id"])

    def removed(self, row: Row) -> None:
        """Do what follows a row that is gone."""

    def row(self, table: str, reference: Row | None) -> Row | None:
        """Return the row that a reference points at."""
        return self.store.table(table).get(reference["id"]) if reference else None

    def default(self, table: str) -> Row | None:
        """Return a reference to the row of a set-up table that is marked as default, or else to the first."""
        rows = list(self.store.table(table))
        chosen = next((row for row in rows if row.get("defaultFlag")), rows[0] if rows else None)
        return {"id": chosen["id"]} if chosen is not None else None

    def today(self) -> str:
        """Return the server's day in the form of its dates."""
        return self.store.now()[:10] + "T00:00:00Z"

    def touched(self, row: Row) -> Row:
        """Return a row as the member's change of something that belongs to it leaves it."""
        if not self.store.modes.touch_owner:
            return row
        info = row["_info"] | {"lastUpdated": self.store.now(), "updatedBy": self.member}
        return row | {"_info": info}

    def acting_member(self) -> Row:
        """Return the member on whose behalf the caller acts."""
        return next(iter(self.store.table("system/members").find("identifier", self.member)), {})


def set_missing(row: Row, **values: Any) -> None:
    """Fill the named fields where a row has none and a value is known."""
    for name, value in values.items():
        if value is not None and row.get(name) is None:
            row[name] = value
