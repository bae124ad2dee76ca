"""The rows of the BSS stand-in, the log of writes, and the changes that another user of BSS makes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from sandbox.bss.blanks import BLANKS
from sandbox.bss.collections import COLLECTIONS, Row
from sandbox.bss.modes import Modes
from sandbox.bss.normalising import normalised
from sandbox.bss.tokens import Tokens

ADDRESS = ("address1", "address2", "city", "postCode", "stateCode", "stateName", "countryCode", "countryName")

KEPT_BY_SERVER = frozenset({"id", "createdAt", "updatedAt"})


class Write(msgspec.Struct, frozen=True):
    """One accepted change by a caller of the API."""

    time: float
    method: str
    collection: str
    id: int | str


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class BssStore:
    """The tenant: `rows(collection)` gives its rows by id, `writes` grows with every accepted change.

    `clock` is the clock of the server and may be replaced. The rows handed out are the stored ones and are replaced, never edited. They hold references as ids (`typeId`,
    `accountId`, `parentAccountId`, `currencyCode`) and times as aware datetimes.
    """

    def __init__(self, modes: Modes | None = None, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.modes = modes or Modes()
        self.tokens = Tokens(self.modes)
        self.writes: list[Write] = []
        self.base_url = ""
        self.currencies: dict[str, str] = {}
        self.countries: dict[str, str] = {}
        self.states: dict[tuple[str, str], str] = {}
        self._rows: dict[str, dict[Any, Row]] = {name: {} for name in COLLECTIONS}
        self._last_ids = dict.fromkeys(COLLECTIONS, 0)
        self.clock = clock

    def rows(self, collection: str) -> Mapping[Any, Row]:
        """Return the rows of a collection by id; raise KeyError when there is no such collection."""
        return self._rows[collection]

    def now(self) -> datetime:
        """Return the time of the server, in milliseconds."""
        at = self.clock()
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def put(self, collection: str, row: Row) -> Row:
        """Store a row as it is."""
        self._rows[collection][row["id"]] = row
        if not COLLECTIONS[collection].guids:
            self._last_ids[collection] = max(self._last_ids[collection], row["id"])
        return row

    def add(self, collection: str, **fields: Any) -> Row:
        """Store a new row without any check, the way another user of BSS makes one."""
        now = self.now()
        fresh = {"id": self._new_id(collection), "createdAt": now, **BLANKS[collection]}
        return self.put(collection, self._changed(fresh, fields) | {"updatedAt": now})

    def edit(self, collection: str, number: int | str, **fields: Any) -> Row:
        """Change a row the way another user of BSS does; `address` changes fields of the billing address.

        Raise KeyError when there is no such row and ValueError when it has no such field.
        """
        return self.put(
            collection, self._changed(self._rows[collection][number], fields) | {"updatedAt": self.now()}
        )

    def remove(self, collection: str, number: int | str) -> None:
        """Let a row vanish from BSS: it is in no list and answers 404. Raise KeyError when there is none."""
        del self._rows[collection][number]

    def wrote(self, method: str, collection: str, number: int | str) -> None:
        self.writes.append(Write(time.time(), method, collection, number))

    def touch(self, account_id: int) -> None:
        """Move the time of an account whose contact was written, when this tenant does that."""
        account = self._rows["accounts"].get(account_id)
        if self.modes.touch_account and account is not None:
            self.put("accounts", account | {"updatedAt": self.now()})

    def _new_id(self, collection: str) -> int | str:
        return str(uuid4()) if COLLECTIONS[collection].guids else self._last_ids[collection] + 1

    def _changed(self, row: Row, fields: Mapping[str, Any]) -> Row:
        unknown = fields.keys() - row.keys() - {"address"} | fields.keys() & KEPT_BY_SERVER
        if unknown:
            raise ValueError(f"There is no field {', '.join(sorted(unknown))}.")
        plain = {
            name: normalised(self.modes, name, value) for name, value in fields.items() if name != "address"
        }
        changed = row | plain
        if "address" in fields:
            given = {name: normalised(self.modes, name, value) for name, value in fields["address"].items()}
            changed["addresses"] = with_billing_address(row["addresses"], given)
        return changed


def with_billing_address(addresses: list[Row], changes: Row) -> list[Row]:
    """Return addresses with changes of the billing address, which is made when there is none and a change has a value."""
    unknown = changes.keys() - set(ADDRESS)
    if unknown:
        raise ValueError(f"An address has no field {', '.join(sorted(unknown))}.")
    if not any(address["isBilling"] for address in addresses):
        if not any(changes.values()):
            return addresses
        blank: Row = {"id": str(uuid4()), **dict.fromkeys(ADDRESS), "isBilling": True}
        addresses = [*addresses, blank]
    return [address | changes if address["isBilling"] else address for address in addresses]
