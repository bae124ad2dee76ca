"""Writes values that every query language of the systems writes alike."""

from __future__ import annotations

from decimal import Decimal


def plain(value: bool | int | Decimal) -> str:
    """A boolean or exact number in full, never with an exponent; raises ValueError for no finite number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a number that can be compared")
        return f"{value:f}"
    return str(value)
