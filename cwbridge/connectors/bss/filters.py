"""`$filter` and `$orderby` of BSS lists as objects; text is escaped here and nowhere else.

    equals("code", "ACME-1"), updated_after(moment), NEWEST_FIRST

Source: the vendor's pages on filtering and ordering collections. A filter is one comparison: the caller compares the rest itself.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from cwbridge.connectors import literals
from cwbridge.connectors.bss import assumptions
from cwbridge.connectors.bss.times import ServerTimes

FilterValue = str | int | Decimal | bool | datetime


class Filter(msgspec.Struct, frozen=True):
    """One comparison of a field of the API with a value."""

    name: str
    operator: Literal["eq", "gt"]
    value: FilterValue

    def render(self, times: ServerTimes) -> str:
        """The text of `$filter`, moments in the zone of the server; raises ValueError for no finite number."""
        return f"{self.name} {self.operator} {_literal(self.value, times)}"


class Order(msgspec.Struct, frozen=True):
    """The field by which a list is sorted."""

    name: str
    descending: bool = False

    def render(self) -> str:
        """The text of `$orderby`."""
        return f"{self.name} desc" if self.descending else self.name


NEWEST_FIRST = Order(assumptions.UPDATED, descending=True)


def equals(name: str, value: FilterValue) -> Filter:
    """Rows whose field has this value; a server may take upper and lower case for equal."""
    return Filter(name, "eq", value)


def updated_after(moment: datetime) -> Filter:
    """Rows changed after `moment`; it may let through some that were changed before."""
    return Filter(assumptions.UPDATED, "gt", moment)


def _literal(value: FilterValue, times: ServerTimes) -> str:
    match value:
        case bool() | int() | Decimal():
            return literals.plain(value)
        case datetime():
            return times.literal(value)
        case str():
            return assumptions.text_literal(value)
