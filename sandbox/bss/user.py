"""What another user of BSS does over the control interface, where ids come as text."""

from __future__ import annotations

from typing import Any

from sandbox.bss.collections import COLLECTIONS
from sandbox.bss.store import BssStore


class BssUser:
    """Adds, edits and deletes records of a store without the checks of the API."""

    def __init__(self, store: BssStore) -> None:
        self._store = store

    def add(self, table: str, fields: dict[str, Any]) -> int | str:
        """Make a record; raise KeyError for an unknown collection, ValueError for an unknown field."""
        number: int | str = self._store.add(table, **fields)["id"]
        return number

    def show(self, table: str, number: int | str) -> dict[str, Any]:
        """The record as stored; raise KeyError when it is not there."""
        return self._store.rows(table)[_id(table, number)]

    def edit(self, table: str, number: int | str, fields: dict[str, Any]) -> None:
        """Change a record; raise KeyError when it is not there, ValueError for an unknown field."""
        self._store.edit(table, _id(table, number), **fields)

    def remove(self, table: str, number: int | str) -> None:
        """Let a record vanish; raise KeyError when it is not there."""
        self._store.remove(table, _id(table, number))


def _id(table: str, number: int | str) -> int | str:
    return number if COLLECTIONS[table].guids else int(number)
