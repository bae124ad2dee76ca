"""The vendor's specification as a judge of calls: paths, fields, types, lengths, enumerations, conditions.

The specification writes lengths into descriptions ("Max length: 50;"), and the value of a PATCH and of a custom field as an
object, which stands for any value there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.recorder import Exchange

NAMED = os.environ.get("CWBRIDGE_SPEC", "")
needed = pytest.mark.skipif(not NAMED, reason="CWBRIDGE_SPEC does not name the specification")

Json = dict[str, Any]
_ANY = {"PatchOperation": {"value"}, "CustomFieldValue": {"value"}}
_LENGTH = re.compile(r"Max length: (\d+)")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\[[^\]]*\]')
_COMPARED = re.compile(
    r"([A-Za-z_][\w/]*)\s*(?:[=<>!]=?|\blike\b|\bin\b|\bcontains\b|\bnot\b)", re.IGNORECASE
)
_MOST_INT32 = 2**31


@cache
def specification() -> Specification:
    """The one that CWBRIDGE_SPEC names."""
    return Specification(json.loads(Path(NAMED).read_text("utf-8")))


def errors_(exchanges: Iterable[Exchange]) -> list[str]:
    """All that does not conform, each once."""
    judge = specification()
    return list(dict.fromkeys(error for exchange in exchanges for error in judge.errors_(exchange)))


class Specification:
    """An OpenAPI document."""

    def __init__(self, document: Json) -> None:
        self._schemas: Json = document["components"]["schemas"]
        self._operations = {
            (method.upper(), _template(path)): operation
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }

    def errors_(self, exchange: Exchange) -> Iterator[str]:
        """What is wrong with a call and, when it was accepted, with its answer."""
        template = _template(exchange.path)
        where = f"{exchange.method} {template}"
        operation = self._operations.get((exchange.method, template))
        if operation is None:
            yield f"{where}: no such operation"
            return
        for error in self._query(exchange, operation):
            yield f"{where}: {error}"
        for error in self._request(exchange, operation):
            yield f"{where} request: {error}"
        if 200 <= exchange.status < 300 and exchange.answer:
            for error in self._answer(exchange, operation):
                yield f"{where} answer: {error}"

    def _query(self, exchange: Exchange, operation: Json) -> Iterator[str]:
        declared = {entry["name"] for entry in operation.get("parameters", ()) if entry["in"] == "query"}
        given = exchange.parameters
        yield from (f"no parameter {name}" for name in given if name not in declared)
        schema = self._record_of(operation)
        for name in ("conditions", "childConditions"):
            for path in _compared(given.get(name, "")):
                if not self._knows(schema, path):
                    yield f"{name} compare {path}, which is not in the answer"
        for path in filter(None, given.get("fields", "").split(",")):
            if not self._knows(schema, path):
                yield f"fields name {path}, which is not in the answer"

    def _request(self, exchange: Exchange, operation: Json) -> Iterator[str]:
        body = _exact(exchange.sent)
        schema = _content(operation.get("requestBody"))
        if schema is None:
            if body is not None:
                yield "a body that is not asked for"
            return
        yield from self._fits(schema, body, "", required=True)
        if exchange.method == "PATCH":
            record = self._record_of(operation)
            for step in body:
                name = step["path"].removeprefix("/").split("/")[0]
                inner = record.get("properties", {}).get(name)
                if inner is None:
                    yield f"path /{name} is not a field"
                elif "value" in step:
                    yield from self._fits(inner, step["value"], name, required=True)

    def _answer(self, exchange: Exchange, operation: Json) -> Iterator[str]:
        accepted = next(
            (told for status, told in operation["responses"].items() if status.startswith("2")), None
        )
        schema = _content(accepted)
        if schema is not None:
            yield from self._fits(schema, _exact(exchange.answer), "", required=False)

    def _record_of(self, operation: Json) -> Json:
        """The schema of one record that the operation answers with."""
        accepted = next(
            (told for status, told in operation["responses"].items() if status.startswith("2")), None
        )
        schema = _content(accepted) or {}
        return self._resolved(schema.get("items", schema))

    def _knows(self, schema: Json, path: str) -> bool:
        """Whether a path leads to a field; `lastUpdated` lies in `_info` and is compared by its bare name."""
        if path == "lastUpdated":
            return True
        for name in path.split("/"):
            properties = self._resolved(schema.get("items", schema)).get("properties", {})
            if name not in properties:
                return False
            schema = properties[name]
        return True

    def _resolved(self, schema: Json) -> Json:
        reference = schema.get("$ref")
        return self._schemas[reference.rpartition("/")[2]] if reference else schema

    def _fits(self, schema: Json, value: Any, at: str, *, required: bool) -> Iterator[str]:
        """What is wrong with a value; `required` holds for requests only, since answers may be narrowed."""
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = self._resolved(schema)
        if value is None:
            if required and not schema.get("nullable"):
                yield f"{at} is null"
            return
        kind = schema.get("type", "object")
        if not _is(kind, value):
            yield f"{at or 'the body'} is {type(value).__name__}, not {kind}"
        elif kind == "array":
            for entry in value:
                yield from self._fits(schema["items"], entry, at, required=required)
        elif kind == "object":
            yield from self._object(schema, value, at, _ANY.get(name, set()), required=required)
        elif kind == "string":
            yield from _text(schema, value, at)
        elif kind == "integer" and abs(value) >= _MOST_INT32:
            yield f"{at} {value} is more than 32 bits hold"

    def _object(
        self, schema: Json, value: Mapping[str, Any], at: str, anything: set[str], *, required: bool
    ) -> Iterator[str]:
        properties = schema.get("properties")
        if properties is None:
            return
        if required:
            lacking = [name for name in schema.get("required", ()) if value.get(name) is None]
            # A reference is named by its id alone; what else it requires belongs to the record it stands for.
            yield from (f"{at}/{name} is required" for name in lacking if not (at and "id" in value))
        for name, inner in value.items():
            if name in anything:
                continue
            if name not in properties:
                yield f"{at}/{name} is not a field"
            else:
                yield from self._fits(properties[name], inner, f"{at}/{name}", required=required)


def digits(exchanges: Iterable[Exchange]) -> list[str]:
    """Numbers in requests that a double would not keep."""
    found = (
        f"{exchange.method} {_template(exchange.path)}: {value}"
        for exchange in exchanges
        for value in _numbers(_exact(exchange.sent))
        if Decimal(repr(float(value))) != value
    )
    return list(dict.fromkeys(found))


def _numbers(value: Any) -> Iterator[Decimal]:
    match value:
        case dict():
            for entry in value.values():
                yield from _numbers(entry)
        case list():
            for entry in value:
                yield from _numbers(entry)
        case Decimal():
            yield value


def _compared(conditions: str) -> list[str]:
    return _COMPARED.findall(_QUOTED.sub("?", conditions))


def _template(path: str) -> str:
    return re.sub(r"/(?:\{\w+\}|\d+)(?=/|$)", "/{}", path).rstrip("/")


def _content(part: Json | None) -> Json | None:
    content = (part or {}).get("content")
    schema: Json | None = next(iter(content.values()))["schema"] if content else None
    return schema


def _exact(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal) if body else None


def _is(kind: str, value: Any) -> bool:
    kinds: dict[str, type | tuple[type, ...]] = {
        "array": list,
        "object": dict,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, Decimal),
    }
    return isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _text(schema: Json, value: str, at: str) -> Iterator[str]:
    longest = _LENGTH.search(schema.get("description", ""))
    units = len(value.encode("utf-16-le")) // 2
    if longest is not None and units > int(longest[1]):
        yield f"{at} has {units} characters, at most {longest[1]}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} {value!r} is not one of {', '.join(schema['enum'])}"
    try:
        if schema.get("format") == "date-time":
            datetime.fromisoformat(value)
        if schema.get("format") == "uuid":
            UUID(value)
    except ValueError:
        yield f"{at} {value!r} is no {schema['format']}"
