"""Records of which some fields cannot be understood: only the reading of such a field fails, and the failure names it.

An answer may hold a field of another form than documented. The record is then read field by field. A field that cannot be
understood stays in the record as unclear: code that reads it gets errors.Malformed, other code is not affected. So
an odd record in a list hides no other record, and an odd field of a record stops only the object that needs the field.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from cwbridge import errors

Explain = Callable[[msgspec.ValidationError], errors.Malformed]
"""Makes the error that a reader of an unclear field gets."""

T = TypeVar("T", bound=msgspec.Struct)
_UNCLEAR = "_unclear"
_PLACE = re.compile(r" - at `\$(?P<rest>[^`]*)`$")


class _Unclear:
    """The unclear fields of a record by name; equal when they are the same fields, so that equal answers compare equal."""

    def __init__(self, explained: dict[str, Callable[[], errors.Malformed]] | None = None) -> None:
        self.explained = explained if explained is not None else {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unclear) and self.explained.keys() == other.explained.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self.explained))


def understood(content: Any, kind: Any, explain: Explain, *, place: str = "$") -> Any:
    """JSON `content` (numbers as Decimal) as `kind`, with unclear fields where a field cannot be understood.

    Raises msgspec.ValidationError, with the place, when `content` as a whole or the identity of a record (its required
    fields and its id) cannot be understood.
    """
    kind = _single(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(content, dict):
        return _record(content, kind, explain, place)
    if get_origin(kind) is list and isinstance(content, list):
        (entry_kind,) = get_args(kind)
        return [
            understood(entry, entry_kind, explain, place=f"{place}[{index}]")
            for index, entry in enumerate(content)
        ]
    return _value(content, kind, place)


def left_out(record: T) -> T:
    """`record` without its unclear fields, as if the answer had not named them: to look through many records for one."""
    if not _has_unclear_fields(record):
        return record
    unclear = object.__getattribute__(record, _UNCLEAR).explained
    (plain,) = type(record).__bases__
    values = {
        name: _left_out_within(getattr(record, name))
        for name in record.__struct_fields__
        if name != _UNCLEAR and name not in unclear
    }
    clear: T = plain(**values)
    return clear


def _left_out_within(value: Any) -> Any:
    if isinstance(value, list):
        return [_left_out_within(entry) for entry in value]
    return left_out(value) if isinstance(value, msgspec.Struct) else value


def _has_unclear_fields(value: object) -> bool:
    """Whether a record, or one within it, has unclear fields."""
    if isinstance(value, list):
        return any(_has_unclear_fields(entry) for entry in value)
    return isinstance(value, msgspec.Struct) and _UNCLEAR in value.__struct_fields__


def _record(content: dict[str, Any], kind: type[msgspec.Struct], explain: Explain, place: str) -> Any:
    values: dict[str, Any] = {}
    unclear: dict[str, Callable[[], errors.Malformed]] = {}
    for field in msgspec.structs.fields(kind):
        identity = field.required or field.name == "id"
        if field.encode_name not in content:
            if field.required:
                raise msgspec.ValidationError(
                    f"Object missing required field `{field.encode_name}` - at `{place}`"
                )
            continue
        given = content[field.encode_name]
        try:
            values[field.name] = (
                understood(given, field.type, explain, place=f"{place}.{field.encode_name}")
                if given is not None
                else _value(None, field.type, f"{place}.{field.encode_name}")
            )
        except msgspec.ValidationError as error:
            if identity:
                raise
            values[field.name] = None
            unclear[field.name] = functools.partial(explain, error)
    if not unclear and not any(map(_has_unclear_fields, values.values())):
        return kind(**values)
    record = _with_unclear_fields(kind)(**values)
    msgspec.structs.force_setattr(record, _UNCLEAR, _Unclear(unclear))
    return record


def _value(content: Any, kind: Any, place: str) -> Any:
    try:
        value = msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        inner = _PLACE.search(text)
        what, rest = (text[: inner.start()], inner["rest"]) if inner else (text, "")
        raise msgspec.ValidationError(f"{what} - at `{place}{rest}`") from None
    if isinstance(value, Decimal) and not value.is_finite():
        raise msgspec.ValidationError(f"Expected a finite number, got `{value}` - at `{place}`")
    return value


def _single(kind: Any) -> Any:
    """`X` of an annotation `X | None`; any other annotation as it is."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    choices = [choice for choice in get_args(kind) if choice is not NoneType]
    return choices[0] if len(choices) == 1 else kind


@functools.cache
def _with_unclear_fields(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A kind of `kind` whose unclear fields raise when they are read."""
    return msgspec.defstruct(
        kind.__name__,
        [(_UNCLEAR, _Unclear, msgspec.field(default_factory=_Unclear))],
        bases=(kind,),
        namespace={"__getattribute__": _read},
        frozen=True,
        kw_only=True,
    )


def _read(record: msgspec.Struct, name: str) -> Any:
    explained = object.__getattribute__(record, _UNCLEAR).explained.get(name)
    if explained is not None:
        error = explained()
        raise error
    return object.__getattribute__(record, name)
