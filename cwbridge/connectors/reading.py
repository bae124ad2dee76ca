"""Readers of JSON bodies into records: built once per type, and no amount of money is ever "NaN"."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

T = TypeVar("T")

# The texts in which servers write what is no number; Decimal would take them, and a sum would silently become one.
_NO_NUMBERS = (b'NaN"', b'Infinity"')


def reader(kind: type[T]) -> Callable[[bytes], T]:
    """A function from body to `kind`; raises msgspec.ValidationError for another form, DecodeError for no JSON."""
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> T:
        value = decode(body)
        if any(text in body for text in _NO_NUMBERS):
            _refuse_no_numbers(value, "$")
        return value

    return read


def nothing(_body: bytes) -> None:
    """Reader of answers whose body does not matter."""


def _refuse_no_numbers(value: object, place: str) -> None:
    if isinstance(value, Decimal) and not value.is_finite():
        raise msgspec.ValidationError(f"Expected a finite number, got `{value}` - at `{place}`")
    if isinstance(value, list):
        for index, entry in enumerate(value):
            _refuse_no_numbers(entry, f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, entry in value.items():
            _refuse_no_numbers(entry, f"{place}.{name}")
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            _refuse_no_numbers(getattr(value, field.name), f"{place}.{field.encode_name}")
