"""Readers of JSON bodies into records: built once per type, and no amount of money is ever "NaN"."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from cwbridge.connectors import unclear

T = TypeVar("T")

# The texts in which servers write what is no number; Decimal would take them, and a sum would silently become one.
_NO_NUMBERS = (b'NaN"', b'Infinity"')
_decode_exact = msgspec.json.Decoder(float_hook=Decimal).decode


class Reader(Generic[T]):
    """Reads a body into `kind`."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode

    def __call__(self, body: bytes) -> T:
        """Read the whole body; raises msgspec.ValidationError for another form, DecodeError for no JSON."""
        value: T = self._decode(body)
        if any(text in body for text in _NO_NUMBERS):
            _refuse_no_numbers(value, "$")
        return value

    def apart(self, body: bytes, explain: unclear.Explain) -> T:
        """Read a body of another form field by field; reading an unclear field of it raises what `explain` makes.

        Raises msgspec.ValidationError when the body as a whole or the identity of a record cannot be understood.
        """
        value: T = unclear.understood(self._content(body), self._kind, explain)
        return value

    def _content(self, body: bytes) -> Any:
        """The body as plain JSON, numbers with a fraction as Decimal."""
        return _decode_exact(body)


class Nothing(Reader[None]):
    """Reads answers whose content does not matter: nothing at all, or any JSON."""

    def __init__(self) -> None:
        super().__init__(None)

    def __call__(self, body: bytes) -> None:
        if body.strip():
            _decode_exact(body)


def reader(kind: type[T]) -> Reader[T]:
    """The reader of `kind`, typed."""
    return Reader(kind)


nothing = Nothing()


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
