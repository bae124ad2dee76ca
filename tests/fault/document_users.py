"""What other users of BSS save of documents, with the times that real servers give a save."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.server import Sandbox

Row = dict[str, Any]
_HIDDEN_SECONDS = 2.5
"""A save becomes visible so long after the time it is dated with, at most; the overlap of polls must be longer."""
_SHARE_LATE = 0.4


class DocumentUsers:
    """Saves records of BSS; some saves are dated when they began, and the times of one record never go back."""

    def __init__(self, box: Sandbox, dice: random.Random) -> None:
        self._store = box.bss
        self._user = box.bss_user
        self._dice = dice

    def add(self, collection: str, fields: Row) -> str:
        """Make a record; the items of an order or invoice may lie in it."""
        with self._dated(None):
            return str(self._user.add(collection, fields))

    def edit(self, collection: str, number: str, fields: Row) -> None:
        """Change fields of a record."""
        with self._dated(self._store.rows(collection)[number]["updatedAt"]):
            self._user.edit(collection, number, fields)

    def add_item(self, collection: str, document: str, fields: Row) -> None:
        """Give an order or invoice another item."""
        with self._dated(self._store.rows(collection)[document]["updatedAt"]):
            self._user.add(f"{collection}/{document}/items", fields)

    def edit_item(self, collection: str, document: str, item: str, fields: Row) -> None:
        """Change an item of an order or invoice."""
        with self._dated(self._store.rows(collection)[document]["updatedAt"]):
            self._user.edit(f"{collection}/{document}/items", item, fields)

    def remove_item(self, collection: str, document: str, item: str) -> None:
        """Take an item off an order or invoice."""
        with self._dated(self._store.rows(collection)[document]["updatedAt"]):
            self._user.remove(f"{collection}/{document}/items", item)

    @contextmanager
    def _dated(self, before: datetime | None) -> Iterator[None]:
        late = self._dice.uniform(0, _HIDDEN_SECONDS) if self._dice.random() < _SHARE_LATE else 0.0
        moment = _now() - timedelta(seconds=late)
        if before is not None:
            moment = max(moment, before + timedelta(milliseconds=1))
        self._store.clock = lambda: moment
        try:
            yield
        finally:
            self._store.clock = _now


def _now() -> datetime:
    return datetime.now(UTC)
