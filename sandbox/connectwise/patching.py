"""PATCH: a list of operations turned into the fields they change."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.connectwise.errors import Refusal, bad_request
from sandbox.connectwise.resources import Resource
from sandbox.connectwise.schema import Field
from sandbox.connectwise.table import Row

OPERATIONS = frozenset({"add", "replace", "remove"})


def changes(resource: Resource, row: Row, operations: Any) -> Row:
    """Return the body that the operations amount to: whole fields by name, None for a removed one."""
    if not isinstance(operations, list):
        raise bad_request("The body of a PATCH is expected in array format: [{op, path, value}].")
    changed: Row = {}
    for operation in operations:
        name, below, op, value = _read(operation)
        field = resource.schema.fields.get(name)
        if field is None:
            if name in ("id", "_info"):
                continue
            raise bad_request(f"The path /{name} is not recognized; paths are case-sensitive.")
        if not below:
            changed[name] = None if op == "remove" else value
        elif field.array:
            held = changed[name] if name in changed else copy.deepcopy(row.get(name) or [])
            changed[name] = _within(field, held, below, op, value)
    return changed


def _read(operation: Any) -> tuple[str, list[str], str, Any]:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise bad_request("Every operation needs an op and a path.")
    op, path = operation.get("op"), operation["path"]
    if op not in OPERATIONS:
        raise bad_request(f"The operation {op} is not one of add, replace and remove.")
    if op != "remove" and "value" not in operation:
        raise bad_request(f"The operation {op} on {path} needs a value.")
    name, *below = path.removeprefix("/").split("/")
    return name, below, op, operation.get("value")


def _within(field: Field, held: list[Any], below: list[str], op: str, value: Any) -> list[Any]:
    """Change one element of an array; removing one shifts the rest."""
    position, *inner = below
    if position == "-" and op == "add" and not inner:
        return [*held, value]
    at = int(position) if position.isdecimal() else -1
    if not 0 <= at < len(held) + (op == "add" and not inner):
        raise _no_element(field, position)
    if inner:
        held[at] = _element(field, held[at], inner, op, value)
    elif op == "add":
        held.insert(at, value)
    elif op == "remove":
        del held[at]
    else:
        held[at] = value
    return held


def _element(field: Field, element: Any, inner: list[str], op: str, value: Any) -> Any:
    if len(inner) > 1 or not isinstance(element, dict):
        raise _no_element(field, "/".join(inner))
    return element | {inner[0]: None if op == "remove" else value}


def _no_element(field: Field, where: str) -> Refusal:
    return bad_request(f"The path /{field.name}/{where} does not exist.")
