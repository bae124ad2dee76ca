"""The base of every record read from a system: frozen, unknown fields are passed over, an empty reference is None."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    ReferenceId = int
else:
    # Systems write "no record" as null, as nothing, as {} and as {"id": null}. A Record turns the last two into None as
    # well, so that code that holds a reference holds an id.
    ReferenceId = int | None


class Referring(msgspec.Struct, frozen=True):
    """A reference to another record, whatever its id is made of."""


class Link(Referring, frozen=True):
    """A reference to another record."""

    id: ReferenceId = 0


class Record(msgspec.Struct, frozen=True):
    """A record whose fields of a Link type are None when the system wrote an empty reference."""

    def __post_init__(self) -> None:
        for name in _link_names(type(self)):
            link = getattr(self, name)
            if link is not None and not link.id:
                msgspec.structs.force_setattr(self, name, None)


@functools.cache
def _link_names(record: type[Record]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(record) if _names_a_link(field.type))


def _names_a_link(annotation: object) -> bool:
    choices = getattr(annotation, "__args__", (annotation,))
    return any(isinstance(choice, type) and issubclass(choice, Referring) for choice in choices)
