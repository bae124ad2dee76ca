"""Drafts of records and changes to them, encoded exactly as ConnectWise expects them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from cwbridge import clock
from cwbridge.connectors.connectwise import text

Draft = Mapping[str, Any]

_AS_THEY_ARE = frozenset({int, bool, type(None)})
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Change(msgspec.Struct, frozen=True):
    """One step of a PATCH; `path` is case-sensitive, and a reference is replaced whole (`/company`, `{"id": 5}`)."""

    op: Literal["add", "replace", "remove"]
    path: str
    value: Any = None


def draft_body(draft: Draft) -> bytes:
    """A draft as JSON; raises TypeError for a float or a bare date, ValueError for an amount that is no number."""
    return _encode(_plain(draft))


def patch_body(changes: tuple[Change, ...]) -> bytes:
    """Changes as the JSON array that PATCH wants; `remove` goes without a value."""
    steps = [
        {"op": change.op, "path": change.path} | ({} if change.op == "remove" else {"value": change.value})
        for change in changes
    ]
    return _encode(_plain(steps))


def _plain(value: Any) -> Any:
    """The value as the encoder takes it; the kinds that drafts mostly hold come first, and a type is cheaper to ask than a pattern."""
    kind = type(value)
    if kind is str:
        return text.kept(value)
    if kind is Decimal:
        if not value.is_finite():
            raise ValueError(f"{value} is not an amount")
        return value
    if kind is dict:
        return {name: _plain(entry) for name, entry in value.items()}
    return value if kind in _AS_THEY_ARE else _plain_of_another_kind(value)


def _plain_of_another_kind(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _plain(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
        case datetime():
            return clock.iso(value)
        case float() | date():
            raise TypeError(f"a draft holds decimals and moments, not the {type(value).__name__} {value}")
    return value
