"""What belongs to other users and is to stay as they left it, on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.server import Sandbox
from tests.fault.billing_books import COMPANIES, CONTACTS, Row
from tests.fault.violations import Violation

_MOVED_BY_SERVER = frozenset({"_info"})


class Foreign:
    """Whole rows, and single fields of rows that are synced; and no record may be deleted, whoever made it.

    With `from_start` all that stands there before a run is kept, and the fields of accounts that are none of the flow's.
    """

    def __init__(self, box: Sandbox, *, from_start: bool = True) -> None:
        self._box = box
        self._rows: dict[tuple[str, int], Row] = {}
        self._fields: dict[tuple[str, int, str], Any] = {}
        self._deleted: list[Violation] = []
        self._addresses: dict[tuple[int, str], Row] = {}
        if from_start:
            self._keep_all()
        self._watch()

    def _keep_all(self) -> None:
        for table in (COMPANIES, CONTACTS):
            for row in self._box.connectwise.table(table):
                self.keep_row(table, row["id"])
        accounts = self._box.bss.rows("accounts")
        for account in accounts:
            for field in ("email", "isTaxable"):
                self.keep_field("accounts", account, field)
        self._addresses = {
            (number, address["id"]): address
            for number, row in accounts.items()
            for address in row["addresses"]
            if not address["isBilling"]
        }

    def keep_row(self, table: str, number: int) -> None:
        """The whole row stays as it is now."""
        self._rows[table, number] = self._row(table, number)

    def keep_field(self, table: str, number: int, field: str) -> None:
        """One field stays as it is now."""
        self._fields[table, number, field] = self._row(table, number).get(field)

    def violations(self) -> Iterator[Violation]:
        """Everything that was changed or deleted."""
        for (table, number), row in self._rows.items():
            now = self._row(table, number)
            names = {*row, *now} - _MOVED_BY_SERVER
            changed = sorted(name for name in names if row.get(name) != now.get(name))
            if changed:
                yield Violation("foreign", f"{table} {number} was changed: {', '.join(changed)}")
        for (table, number, field), value in self._fields.items():
            if (held := self._row(table, number).get(field)) != value:
                yield Violation("foreign", f"{field} of {table} {number} is {held!r} and was {value!r}")
        yield from self._addresses_changed()
        yield from self._deleted

    def _addresses_changed(self) -> Iterator[Violation]:
        for (number, address_id), address in self._addresses.items():
            if address not in self._box.bss.rows("accounts")[number]["addresses"]:
                yield Violation("foreign", f"address {address_id} of account {number} was changed")

    def _row(self, table: str, number: int) -> Row:
        """The row; an empty one when it is gone."""
        if table in {"accounts", "contacts"}:
            return self._box.bss.rows(table).get(number, {})
        row: Row | None = self._box.connectwise.table(table).get(number)
        return row or {}

    def _watch(self) -> None:
        store = self._box.connectwise
        put, remove = store.put, store.remove

        def watched_put(table: str, row: Row) -> None:
            before = store.table(table).get(row["id"])
            put(table, row)
            if table == COMPANIES and row.get("deletedFlag") and not (before or {}).get("deletedFlag"):
                self._deleted.append(Violation("foreign", f"company {row['id']} was deleted"))

        def watched_remove(table: str, number: int) -> None:
            remove(table, number)
            if table == CONTACTS:
                self._deleted.append(Violation("foreign", f"contact {number} of ConnectWise was deleted"))

        store.put, store.remove = watched_put, watched_remove  # type: ignore[method-assign]
