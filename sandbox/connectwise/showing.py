"""How a stored row is shown: references spelled out, nulls in the style of the server, fields narrowed."""

from __future__ import annotations

from typing import Any

from sandbox.connectwise.resources import OWNERS, Resource
from sandbox.connectwise.schema import Field
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row

Fields = dict[str, "Fields"]
_BARE = frozenset({"id", "name", "_info"})


def show(store: ConnectWiseStore, resource: Resource, row: Row, wanted: Fields | None = None) -> Row:
    """Return a row as the server answers it; with `wanted`, only those fields and no `_info` unless listed."""
    plain, fields = resource.schema.plain, resource.schema.fields
    shown: Row = {"id": row["id"]}
    for name, value in row.items():
        if name in plain:
            shown[name] = value
        elif name in fields:
            shown[name] = _spelled_out(store, fields[name], value)
    if "customFields" in fields:
        _show_custom_fields(store, resource, shown)
    if store.modes.nulls != "omit":
        _show_nulls(resource, shown, explicit=store.modes.nulls == "explicit")
    shown["_info"] = row["_info"]
    return shown if wanted is None else narrow(shown, wanted)


def read_fields(text: str) -> Fields:
    """Read a `fields` parameter: names with slashes, separated by commas."""
    wanted: Fields = {}
    for path in filter(None, map(str.strip, text.split(","))):
        at = wanted
        for name in path.split("/"):
            at = at.setdefault(name, {})
    return wanted


def narrow(shown: Any, wanted: Fields) -> Any:
    """Keep the wanted fields only; names that are not there are ignored."""
    if isinstance(shown, list):
        return [narrow(item, wanted) for item in shown]
    if not isinstance(shown, dict):
        return shown
    return {
        name: narrow(shown[name], below) if below else shown[name]
        for name, below in wanted.items()
        if name in shown
    }


def _spelled_out(store: ConnectWiseStore, field: Field, value: Any) -> Any:
    if field.kind == "ref":
        reference = store.reference(field.target, value["id"])
        if field.bare:
            return {n: v for n, v in reference.items() if n in _BARE}
        return {n: v for n, v in reference.items() if n != "name"} if field.unnamed else reference
    if field.kind == "list":
        return [store.reference(field.target, item["id"]) for item in value]
    if field.kind == "objects" and field.target:
        return [_element(store, field, item) for item in value]
    return value


def _element(store: ConnectWiseStore, field: Field, item: Row) -> Row:
    fields = OWNERS[field.target].schema.fields
    spelled = {name: _spelled_out(store, fields[name], item[name]) for name in item if name in fields}
    return item | spelled


def _show_custom_fields(store: ConnectWiseStore, resource: Resource, shown: Row) -> None:
    definitions = store.custom_fields_of(resource.table)
    if not definitions:
        return
    values = {item["id"]: item["value"] for item in shown.get("customFields", ())}
    shown["customFields"] = [
        {
            "id": definition["id"],
            "caption": definition["caption"],
            "type": definition["fieldTypeIdentifier"],
            "entryMethod": definition.get("entryTypeIdentifier", "EntryField"),
            "numberOfDecimals": definition.get("numberDecimals", 0),
            "value": values.get(definition["id"]),
        }
        for definition in definitions
    ]


def _show_nulls(resource: Resource, shown: Row, *, explicit: bool) -> None:
    for field in resource.schema:
        if field.name in shown or field.unseen or field.array:
            continue
        if explicit:
            shown[field.name] = None
        elif field.kind == "ref":
            shown[field.name] = {}
