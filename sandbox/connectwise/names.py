"""Which names a condition or an order may use on a resource, and where a row holds their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.connectwise.errors import Refusal, bad_condition
from sandbox.connectwise.resources import OWNERS, Resource
from sandbox.connectwise.schema import Field, Kind
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row

Getter = Callable[[Row], Any]

INFO_NAMES = {
    "lastUpdated": "lastUpdated",
    "_info/lastUpdated": "lastUpdated",
    "dateEntered": "dateEntered",
    "_info/dateEntered": "dateEntered",
}
IDENTITY = Field(name="id", kind="int")
TEXT = Field(name="text", kind="text")
UNKNOWN_REFERENCE = ("id", "name")


class Name(msgspec.Struct, frozen=True):
    """A recognized name: how to get its value, and the field that says which literals fit."""

    get: Getter
    field: Field

    @property
    def kind(self) -> Kind:
        return self.field.kind


def unrecognized(name: str) -> Refusal:
    return bad_condition(f"{name} is not a recognized name.")


def recognize(store: ConnectWiseStore, resource: Resource, name: str) -> Name:
    """Find a name among those that can be filtered and ordered; raise Refusal (400) for any other."""
    if name == "id":
        return Name(lambda row: row["id"], IDENTITY)
    field = resource.schema.fields.get(name)
    if field is None and name in INFO_NAMES:
        within = INFO_NAMES[name]
        return Name(lambda row: row["_info"].get(within), Field(name=name, kind="date"))
    if field is not None:
        return _plain(resource, field)
    first, _, below = name.partition("/")
    reference = resource.schema.fields.get(first)
    if reference is None or reference.kind != "ref" or first in resource.unfilterable:
        raise unrecognized(name)
    if reference.unnamed and below == "name":
        raise unrecognized(name)
    return _below(store, reference, below, name)


def recognize_element(store: ConnectWiseStore, resource: Resource, name: str) -> tuple[Field, Name]:
    """Find `array/name` for a child condition: the array, and the name within one of its elements."""
    first, _, below = name.partition("/")
    array = resource.schema.fields.get(first)
    if array is None or array.kind not in ("list", "objects") or not below:
        raise unrecognized(name)
    if array.kind == "list":
        return array, _sub(store, array.target, below, name)
    return array, recognize(store, OWNERS[array.target], below)


def _plain(resource: Resource, field: Field) -> Name:
    if field.array or field.unseen or field.kind == "object" or field.name in resource.unfilterable:
        raise unrecognized(field.name)
    name = field.name
    if field.kind == "flag":
        return Name(lambda row: row.get(name, False), field)
    return Name(lambda row: row.get(name), field)


def _below(store: ConnectWiseStore, reference: Field, below: str, name: str) -> Name:
    inner = _sub(store, reference.target, below, name)
    first, get = reference.name, inner.get

    def value(row: Row) -> Any:
        referred = row.get(first)
        return get(referred) if referred else None

    return Name(value, inner.field)


def _sub(store: ConnectWiseStore, target: str, below: str, name: str) -> Name:
    owner = OWNERS.get(target)
    if below not in (owner.recognized if owner is not None else UNKNOWN_REFERENCE):
        raise unrecognized(name)
    if below == "id":
        return Name(lambda referred: referred["id"], IDENTITY)
    field = owner.schema.fields.get(owner.renamed.get(below, below), TEXT) if owner is not None else TEXT

    def value(referred: Row) -> Any:
        return store.reference(target, referred["id"]).get(below)

    return Name(value, TEXT if below == "name" else field)
