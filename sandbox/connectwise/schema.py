"""What a record may hold: a table of fields per schema of the vendor's specification.

One line per field: `name kind[:argument] [flags]`. Kinds: text (argument: greatest length), guid, int, number, flag,
date, enum (allowed words), ref (table referred to; none when the stand-in does not keep it), key (a bare id of that
table), list (references), objects (of that table), ints, texts, object, custom (custom field values). Flags: required (on create),
updates (required when an update is stored), computed (the server's own), create (accepted on create only), unseen
(accepted, never answered), unnamed (the reference shows no name), bare (it shows its id and name alone).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, cast, get_args

import msgspec

Kind = Literal[
    "text", "guid", "int", "number", "flag", "date", "enum", "ref", "key",
    "list", "objects", "ints", "texts", "object", "custom",
]  # fmt: skip

ARRAYS = frozenset({"list", "objects", "ints", "texts", "custom"})
KINDS = frozenset(get_args(Kind))


class Field(msgspec.Struct, frozen=True):
    """One field: `target` is the table a reference points into, `words` the allowed words of an enumeration."""

    name: str
    kind: Kind
    target: str = ""
    length: int | None = None
    words: frozenset[str] = frozenset()
    required: bool = False
    updates: bool = False
    computed: bool = False
    create: bool = False
    unseen: bool = False
    unnamed: bool = False
    bare: bool = False

    @property
    def array(self) -> bool:
        return self.kind in ARRAYS


class Schema(msgspec.Struct, frozen=True):
    """The fields of one kind of record, by name; `id` and `_info` belong to every record and are not listed."""

    name: str
    fields: Mapping[str, Field]
    plain: frozenset[str]
    """The fields that are answered as they are stored."""
    flags: Mapping[str, bool]
    """The flags that an answer holds, all down: what a new record starts with."""

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields.values())


def schema(name: str, table: str) -> Schema:
    """Read a table of fields, see the head of this module."""
    fields = {field.name: field for field in map(_field, filter(None, map(str.strip, table.splitlines())))}
    return Schema(
        name=name,
        fields=MappingProxyType(fields),
        plain=frozenset(f.name for f in fields.values() if f.kind != "ref" and not f.array),
        flags=MappingProxyType({f.name: False for f in fields.values() if f.kind == "flag" and not f.unseen}),
    )


def _field(line: str) -> Field:
    name, what, *flags = line.split()
    kind, _, argument = what.partition(":")
    if kind not in KINDS:
        raise ValueError(f"`{line}` names no kind of field.")
    return Field(
        name=name,
        kind=cast("Kind", kind),
        target=argument if kind in ("ref", "key", "list", "objects") else "",
        length=int(argument) if kind == "text" and argument else None,
        words=frozenset(argument.split("|")) if kind == "enum" else frozenset(),
        **dict.fromkeys(flags, True),
    )
