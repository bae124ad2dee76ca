"""What other users of BSS and other members of ConnectWise save, with the times that real servers give a save."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.server import Sandbox
from tests.fault.billing_books import (
    ACCOUNT_FIELDS,
    ADDRESS,
    COLLECTIONS,
    CONTACT_FIELDS,
    CONTACT_ITEMS,
    CONTACTS,
    ITEMS,
    TABLES,
    BillingBooks,
    Noun,
    Row,
    Side,
)

_HIDDEN_SECONDS = 2.5
"""A save becomes visible so long after the time it is dated with, at most; the overlap of polls must be longer."""
_SHARE_LATE = 0.4


class OtherUsers:
    """Saves fields of either side; some saves are dated when they began, and the times of one record never go back."""

    def __init__(self, box: Sandbox, books: BillingBooks, dice: random.Random) -> None:
        self._bss = box.bss
        self._connectwise = box.connectwise
        self._member = box.connectwise_user
        self._books = books
        self._dice = dice

    def save(self, noun: Noun, side: Side, number: int, values: Mapping[str, str]) -> None:
        """Give fields that both sides share new values; an empty text empties one."""
        if side == "bss":
            self.save_in_bss(noun, number, _in_bss(values))
        elif noun == "account":
            self.save_in_connectwise(TABLES[noun], number, _renamed(values, ACCOUNT_FIELDS))
        else:
            self._save_contact(number, values)

    def save_in_bss(self, noun: Noun, number: int, fields: Row) -> None:
        """Change a record of BSS."""
        row = self._bss.rows(COLLECTIONS[noun])[number]
        self._dated(row["updatedAt"])
        try:
            self._bss.edit(COLLECTIONS[noun], number, **fields)
        finally:
            self._bss.clock = _now

    def add_to_bss(self, noun: Noun, **fields: Any) -> int:
        """Make a record of BSS."""
        self._dated(None)
        try:
            number: int = self._bss.add(COLLECTIONS[noun], **fields)["id"]
        finally:
            self._bss.clock = _now
        return number

    def save_in_connectwise(self, table: str, number: int, fields: Row) -> None:
        """Change a record of ConnectWise."""
        before = self._stamp(table, number)
        self._member.edit(table, number, fields)
        self._redate(table, number, before)

    def add_to_connectwise(self, table: str, fields: Row) -> int:
        """Make a record of ConnectWise."""
        number = self._member.add(table, fields)
        self._redate(table, number, None)
        return number

    def add_item(self, contact: int, description: str, value: str, *, default: bool = True) -> int:
        """Give a contact one more communication item."""
        before = self._stamp(CONTACTS, contact)
        number = self._member.add(
            ITEMS,
            {
                "contactId": contact,
                "type": {"id": self._books.item_type(description)},
                "value": value,
                "defaultFlag": default,
            },
        )
        self._redate(CONTACTS, contact, before)
        return number

    def _save_contact(self, number: int, values: Mapping[str, str]) -> None:
        own = _renamed(values, CONTACT_FIELDS)
        if own:
            self.save_in_connectwise(CONTACTS, number, own)
        for field, description in CONTACT_ITEMS.items():
            if field in values:
                self._save_item(number, field, description, values[field])

    def _save_item(self, contact: int, field: str, description: str, value: str) -> None:
        held = self._books.items(self._books.row("contact", "connectwise", contact), field)
        before = self._stamp(CONTACTS, contact)
        if not held:
            if value:
                self.add_item(contact, description, value)
            return
        if value:
            self._member.edit(ITEMS, held[0]["id"], {"value": value})
        else:
            self._member.remove(ITEMS, held[0]["id"])
        self._redate(CONTACTS, contact, before)

    def _dated(self, before: datetime | None) -> None:
        moment = _now() - timedelta(seconds=self._late())
        if before is not None:
            moment = max(moment, before + timedelta(milliseconds=1))
        self._bss.clock = lambda: moment

    def _redate(self, table: str, number: int, before: str | None) -> None:
        """ConnectWise counts whole seconds."""
        row = self._connectwise.table(table).get(number)
        late = self._late()
        if row is None or not late:
            return
        at = datetime.fromisoformat(row["_info"]["lastUpdated"]) - timedelta(seconds=late)
        stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        if before is None or stamp > before:
            self._connectwise.put(table, row | {"_info": row["_info"] | {"lastUpdated": stamp}})

    def _stamp(self, table: str, number: int) -> str:
        row = self._connectwise.table(table).get(number)
        assert row is not None, f"{table} {number}"
        stamp: str = row["_info"]["lastUpdated"]
        return stamp

    def _late(self) -> float:
        return self._dice.uniform(0, _HIDDEN_SECONDS) if self._dice.random() < _SHARE_LATE else 0.0


def _now() -> datetime:
    return datetime.now(UTC)


def _renamed(values: Mapping[str, str], names: Mapping[str, str]) -> Row:
    return {names[field]: value or None for field, value in values.items() if field in names}


def _in_bss(values: Mapping[str, str]) -> Row:
    """Fields of the billing address are together in `address`."""
    own = {field: value or None for field, value in values.items() if field not in ADDRESS}
    address = {field: value or None for field, value in values.items() if field in ADDRESS}
    return own | ({"address": address} if address else {})
