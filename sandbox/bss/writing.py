"""Writes by callers of the API: bodies and JSON Patch documents, checked against the model of a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from sandbox.bss.collections import Collection, Row
from sandbox.bss.problems import Refusal, invalid
from sandbox.bss.store import BssStore

OPERATIONS = frozenset({"add", "replace", "remove"})

Changes = dict[str, Any]
"""Values by their paths in the model, `address/city`; None empties a field."""


def created(store: BssStore, collection: Collection, body: bytes) -> Row:
    """Store the row that a POST describes; raise Refusal (400) when it cannot be."""
    given = decoded(body)
    if not isinstance(given, dict):
        raise invalid("The body must be an object.")
    changes = dict(_flat(collection, given))
    fields = _fields(store, collection, changes)
    _demand(store, collection, fields)
    row = store.add(collection.name, **fields)
    _touch_account(store, collection, row)
    return row


def patched(store: BssStore, collection: Collection, row: Row, body: bytes) -> Row:
    """Apply a JSON Patch document, all of it or nothing; raise Refusal (400) when it cannot be."""
    operations = decoded(body)
    if not isinstance(operations, list) or not operations:
        raise invalid("A JSON Patch document is an array of operations.")
    changes: Changes = {}
    for operation in operations:
        changes.update(_operation(collection, operation))
    fields = _fields(store, collection, changes)
    _demand(store, collection, row | fields)
    changed = store.edit(collection.name, row["id"], **fields)
    _touch_account(store, collection, row)
    _touch_account(store, collection, changed)
    return changed


def decoded(body: bytes) -> Any:
    """Read a JSON body; raise Refusal (400) when it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"The body is not JSON: {error}") from error


def _flat(collection: Collection, given: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of everything in a body; raise Refusal (400) for a path that the model lacks."""
    for name, value in given.items():
        path = f"{at}{name}"
        if path in collection.model:
            yield path, value
        elif not collection.branch(path):
            raise _unknown(collection, path)
        elif isinstance(value, dict):
            yield from _flat(collection, value, f"{path}/")
        elif value is not None:
            raise invalid(f"'{path}' must be an object.")


def _operation(collection: Collection, operation: Any) -> Changes:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise invalid("Every operation needs an op and a path.")
    op, path = operation.get("op"), operation["path"]
    if op not in OPERATIONS:
        raise invalid(f"The operation '{op}' is not supported.")
    if not path.startswith("/"):
        raise invalid(f"The path '{path}' does not begin with a slash.")
    if op != "remove" and "value" not in operation:
        raise invalid(f"The operation '{op}' on '{path}' has no value.")
    value = None if op == "remove" else operation["value"]
    name = path.removeprefix("/")
    emptied: Changes = {known: None for known in collection.model if known.startswith(f"{name}/")}
    if emptied and value is None:
        return emptied
    nested: Any = value
    for part in reversed(name.split("/")):
        nested = {part: nested}
    return emptied | dict(_flat(collection, nested))


def _fields(store: BssStore, collection: Collection, changes: Changes) -> Row:
    """Return the stored fields that changes amount to; raise Refusal (400) for a value of the wrong kind."""
    readers = _Readers(store)
    fields: Row = {}
    address: Row = {}
    for path, value in changes.items():
        read = readers.of(collection.model[path])
        _, below, name = path.rpartition("/")
        (address if below else fields).update(read(path, name, value))
    _place_state(store, address)
    return fields | ({"address": address} if address else {})


def _place_state(store: BssStore, address: Row) -> None:
    """Give a state its code: the one in the country that comes with it, else the only one of that name."""
    if name := address.get("stateName"):
        within = address.get("countryCode")
        codes = {
            code
            for (country, known), code in store.states.items()
            if known == name.strip().casefold() and within in (None, country)
        }
        address["stateCode"] = codes.pop() if len(codes) == 1 else None


class _Readers:
    """Reads the values of a model into the fields that rows hold."""

    def __init__(self, store: BssStore) -> None:
        self._store = store

    def of(self, kind: str) -> Callable[[str, str, Any], Row]:
        reader: Callable[[str, str, Any], Row] = getattr(self, kind)
        return reader

    def text(self, path: str, name: str, value: Any) -> Row:
        if value is not None and not isinstance(value, str):
            raise invalid(f"'{path}' must be a string.")
        return {name: value}

    def email(self, path: str, name: str, value: Any) -> Row:
        self.text(path, name, value)
        local, at, domain = (value or "").strip().rpartition("@")
        if value and not (local and at and domain):
            raise invalid(f"'{value}' is not an e-mail address.")
        return {name: value}

    def type(self, path: str, name: str, value: Any) -> Row:
        return {name: self._key(path, "organization/accounttypes", value)}

    def account(self, path: str, name: str, value: Any) -> Row:
        return {name: self._key(path, "accounts", value)}

    def currency(self, path: str, name: str, value: Any) -> Row:
        self.text(path, name, value)
        if value is not None and value not in self._store.currencies:
            raise invalid(f"There is no currency '{value}'.")
        return {name: value}

    def country(self, path: str, name: str, value: Any) -> Row:
        del name
        self.text(path, "", value)
        names = {known.casefold(): (code, known) for code, known in self._store.countries.items()}
        if value and value.strip().casefold() not in names:
            raise invalid(f"There is no country '{value}'.")
        code, known = names[value.strip().casefold()] if value else (None, None)
        return {"countryCode": code, "countryName": known}

    def state(self, path: str, name: str, value: Any) -> Row:
        del name
        self.text(path, "", value)
        return {"stateName": value, "stateCode": None}

    def _key(self, path: str, collection: str, value: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise invalid(f"'{path}' must be an integer.")
        if value not in self._store.rows(collection):
            raise invalid(f"'{path}' {value} does not exist.")
        return value


def _demand(store: BssStore, collection: Collection, fields: Mapping[str, Any]) -> None:
    demanded = [name for table, name in store.modes.tenant_required if table == collection.name]
    for name in (*collection.required, *demanded):
        value = fields.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise invalid(f"'{name}' is required.")


def _touch_account(store: BssStore, collection: Collection, row: Row) -> None:
    if collection.name == "contacts":
        store.touch(row["accountId"])


def _unknown(collection: Collection, path: str) -> Refusal:
    return invalid(f"The {collection.noun} has no property '{path}'.")
