"""Reads answers of BSS into records, whatever the style of the tenant.

Names are read in any case (`webSite`, `WebSite`), numbers and ids as numbers or texts, GUIDs in any case, an empty text as None, times in the
server's zone as aware UTC. A date is a day: what stands behind it is cut off, never converted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, TypeVar, Union, get_args, get_origin

import msgspec

from cwbridge.connectors.bss.times import ServerTimes
from cwbridge.connectors.reading import Reader

T = TypeVar("T")
DocumentId = NewType("DocumentId", str)
"""The id of a record that has no number of its own: a GUID in lower case, or what else the server gives, as text."""
_DAY_CHARACTERS = len("2026-04-30")
_MAX_DIGITS = 20
"""Before the decimal point, of an amount."""


class BssReader(Reader[T]):
    """Reads a body into `kind`, its times as `times` understands them."""

    def __init__(self, kind: Any, times: ServerTimes) -> None:
        super().__init__(kind)
        self._times = times
        self._decode = self._converted

    def _converted(self, body: bytes) -> T:
        value: T = msgspec.convert(self._content(body), self._kind)
        return value

    def _content(self, body: bytes) -> Any:
        return _shaped(super()._content(body), self._kind, self._times)


class NewIdReader(Reader[int]):
    """Reads the answer to a POST: the id of the new record, as a bare number, as a text, or in the record itself."""

    def __init__(self) -> None:
        super().__init__(int)
        self._decode = self._read

    def _read(self, body: bytes) -> int:
        content = self._content(body)
        if isinstance(content, dict):
            content = next((value for name, value in content.items() if name.lower() == "id"), None)
        number: int = msgspec.convert(_whole_number(content), int)
        return number


def _shaped(content: Any, kind: Any, times: ServerTimes) -> Any:
    """`content` as msgspec reads it into `kind`; what cannot be understood stays as it is, and msgspec refuses it."""
    kind = _plain(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(content, dict):
        fields = _fields(kind)
        return {
            fields[folded][0]: _shaped(value, fields[folded][1], times)
            for name, value in content.items()
            if (folded := name.lower()) in fields
        }
    if get_origin(kind) is list and isinstance(content, list):
        (entry_kind,) = get_args(kind)
        return [_shaped(entry, entry_kind, times) for entry in content]
    if content == "":
        return None
    if kind is datetime:
        return _moment(content, times)
    shape = _SHAPES.get(kind)
    return content if shape is None else shape(content)


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, tuple[str, Any]]:
    """The name and the kind of each field by its name in lower case."""
    return {
        field.encode_name.lower(): (field.encode_name, field.type) for field in msgspec.structs.fields(kind)
    }


@functools.cache
def _plain(kind: Any) -> Any:
    """`X` of the annotations `X | None` and `Annotated[X, ...]`."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        choices = [choice for choice in get_args(kind) if choice is not NoneType]
        return _plain(choices[0]) if len(choices) == 1 else kind
    return kind


def _moment(content: Any, times: ServerTimes) -> Any:
    if not isinstance(content, str):
        return content
    try:
        return times.read(content)
    except (ValueError, OverflowError):
        return content


def _whole_number(content: Any) -> Any:
    if isinstance(content, str) and content.strip().removeprefix("-").isdecimal():
        return int(content)
    return (
        int(content) if isinstance(content, Decimal) and content == content.to_integral_value() else content
    )


def _number(content: Any) -> Any:
    """An amount; what is none, or is too great to be rounded to cents, stays a text that msgspec refuses."""
    try:
        number = Decimal(content.strip()) if isinstance(content, str) else content
    except InvalidOperation:
        return content
    if isinstance(number, Decimal) and not (number.is_finite() and number.adjusted() < _MAX_DIGITS):
        return repr(str(content))
    return number


def _text(content: Any) -> Any:
    return str(content) if isinstance(content, int | Decimal) and not isinstance(content, bool) else content


def _document_id(content: Any) -> Any:
    """GUIDs are compared without case, and two spellings of one would be two objects."""
    text = _text(_whole_number(content)) if isinstance(content, Decimal) else _text(content)
    return text.strip().lower() if isinstance(text, str) else text


def _flag(content: Any) -> Any:
    named = {"true": True, "false": False}
    return named.get(content.strip().lower(), content) if isinstance(content, str) else content


def _day(content: Any) -> Any:
    return content[:_DAY_CHARACTERS] if isinstance(content, str) else content


_SHAPES: dict[Any, Callable[[Any], Any]] = {
    int: _whole_number,
    Decimal: _number,
    str: _text,
    DocumentId: _document_id,
    bool: _flag,
    date: _day,
}
