"""Whether a body fits its schema: types, lengths, enumerations, dates, and references that exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sandbox.connectwise.errors import Problem, missing
from sandbox.connectwise.normalising import normalised
from sandbox.connectwise.resources import OWNERS, Resource
from sandbox.connectwise.schema import Field
from sandbox.connectwise.store import ConnectWiseStore, label
from sandbox.connectwise.table import Row, fold

_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_LIMIT = 2**31


class _Misfit(Exception):
    """A value that does not fit its field."""

    def __init__(self, message: str, code: str = "InvalidField") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Checker:
    """Reads bodies for one resource; what does not fit is collected in `problems`."""

    def __init__(self, store: ConnectWiseStore, resource: Resource) -> None:
        self._store = store
        self._resource = resource
        self.problems: list[Problem] = []
        self._readers: dict[str, Callable[[Field, Any], Any]] = {
            "text": _text,
            "guid": _guid,
            "int": _int,
            "number": _number,
            "flag": _flag,
            "date": _date,
            "enum": _enum,
            "ref": self._reference,
            "key": self._key,
            "list": self._references,
            "objects": self._objects,
            "ints": _ints,
            "texts": _texts,
            "object": _object,
            "custom": self._custom,
        }

    def read(self, body: Row, *, creating: bool) -> Row:
        """Return the stored form of what a body says; an emptied field is None, unknown names are ignored."""
        values: Row = {}
        for name, given in body.items():
            field = self._resource.schema.fields.get(name)
            if field is None or field.computed:
                continue
            if field.create and not creating:
                self._note(
                    field,
                    _Misfit(f"typeIds can only be used when creating a new {self._resource.subject}."),
                )
                continue
            try:
                value = None if given is None or given == {} else self._readers[field.kind](field, given)
                value = normalised(self._store.modes, name, value)
                if not field.unseen:
                    values[name] = value
            except _Misfit as misfit:
                self._note(field, misfit)
        return values

    def _note(self, field: Field, misfit: _Misfit) -> None:
        self.problems.append(Problem(misfit.code, misfit.message, field.name))

    def _key(self, field: Field, value: Any) -> int:
        number = _int(field, value)
        if number not in self._store.table(field.target):
            raise _Misfit(f"{field.name} {number} does not exist.", self._store.modes.missing_reference)
        return number

    def _reference(self, field: Field, value: Any) -> Row:
        if not isinstance(value, dict):
            raise _Misfit(f"The {field.name} field must be an object with an id.")
        if not field.target:
            raise _Misfit(f"{field.name} {value.get('id')} does not exist.")
        number = value.get("id")
        if number is None:
            return {"id": self._named(field, value)}
        if isinstance(number, bool) or not isinstance(number, int):
            raise _Misfit(f"The id of {field.name} must be a number.")
        if number not in self._store.table(field.target):
            raise _Misfit(f"{field.name} {number} does not exist.", self._store.modes.missing_reference)
        return {"id": number}

    def _named(self, field: Field, value: Row) -> int:
        owner = OWNERS[field.target]
        for by in ("identifier", "name"):
            wanted = value.get(by)
            if isinstance(wanted, str) and (by == owner.called or by in owner.schema.fields):
                held = owner.label if by == owner.called else (by,)
                for row in self._store.table(field.target):
                    if fold(label(row, held)) == fold(wanted):
                        return int(row["id"])
        raise _Misfit(f"{field.name} does not exist.")

    def _references(self, field: Field, value: Any) -> list[Row]:
        return [self._reference(field, item) for item in _list(field, value)]

    def _objects(self, field: Field, value: Any) -> list[Row]:
        items = _list(field, value)
        if not all(isinstance(item, dict) for item in items):
            raise _Misfit(f"The elements of {field.name} must be objects.")
        if not field.target:
            return items
        elements = Checker(self._store, OWNERS[field.target])
        read = [_kept_id(item) | _filled(elements.read(item, creating=True)) for item in items]
        missing = [p for row in read for p in required(OWNERS[field.target], row, updating=False)]
        for problem in [*elements.problems, *missing]:
            self.problems.append(Problem(problem.code, problem.message, f"{field.name}/{problem.field}"))
        return read

    def _custom(self, field: Field, value: Any) -> list[Row]:
        definitions = self._store.table("system/userDefinedFields")
        kept = []
        for item in _list(field, value):
            definition = definitions.get(item["id"]) if isinstance(item, dict) and "id" in item else None
            if definition is None or self._store.lacks("system/userDefinedFields", definition):
                raise _Misfit("A custom field value needs the id of a custom field.")
            kept.append({"id": item["id"], "value": _custom_value(definition, item.get("value"))})
        return kept


def required(resource: Resource, row: Row, *, updating: bool) -> Iterator[Problem]:
    """Yield a problem for each field the specification demands and a row lacks."""
    for field in resource.schema:
        if (field.required or (updating and field.updates)) and row.get(field.name) in (None, "", []):
            yield missing(field.name)


def _filled(values: Row) -> Row:
    return {name: value for name, value in values.items() if value is not None}


def _kept_id(item: Row) -> Row:
    number = item.get("id")
    return {"id": number} if isinstance(number, int) and number else {}


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _Misfit(f"The {field.name} field must be a string.")
    if field.length is not None and len(value) > field.length:
        raise _Misfit(
            f"The field {field.name} must be a string with a maximum length of {field.length}.",
            "InvalidFieldLength",
        )
    return value


def _guid(field: Field, value: Any) -> str:
    text = _text(field, value)
    try:
        UUID(text)
    except ValueError:
        raise _Misfit(f"The {field.name} field must be a GUID.") from None
    return text


def _int(field: Field, value: Any) -> int:
    number = _number(field, value)
    if not -_LIMIT <= number < _LIMIT or number != int(number):
        raise _Misfit(f"The {field.name} field must be an integer of 32 bits.")
    return int(number)


def _number(field: Field, value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _Misfit(f"The {field.name} field must be a number.")
    return value


def _flag(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Misfit(f"The {field.name} field must be true or false.")
    return value


def _date(field: Field, value: Any) -> str:
    if not isinstance(value, str) or _TIMESTAMP.fullmatch(value) is None:
        raise _Misfit(
            f"The {field.name} field must be a timestamp of the form 2024-05-31T00:00:00Z.",
            "UnsupportedFormat",
        )
    try:
        when = datetime.fromisoformat(value)
        return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise _Misfit("String was not recognized as a valid DateTime.", "UnsupportedFormat") from None


def _enum(field: Field, value: Any) -> str:
    if value not in field.words:
        raise _Misfit(f"Enum value supplied was invalid for {field.name}: {value}")
    return str(value)


def _list(field: Field, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Misfit(f"The {field.name} field must be an array.")
    return value


def _ints(field: Field, value: Any) -> list[int]:
    return [_int(field, item) for item in _list(field, value)]


def _texts(field: Field, value: Any) -> list[str]:
    return [_text(field, item) for item in _list(field, value)]


def _object(field: Field, value: Any) -> Row:
    if not isinstance(value, dict):
        raise _Misfit(f"The {field.name} field must be an object.")
    return value


def _custom_value(definition: Row, value: Any) -> Any:
    kind = definition.get("fieldTypeIdentifier")
    numeric = kind in ("Number", "Percent", "Currency")
    fits: type | tuple[type, ...] = bool if kind == "Checkbox" else (int, Decimal) if numeric else str
    if value is None or (isinstance(value, fits) and not (numeric and isinstance(value, bool))):
        return value
    raise _Misfit(f"The value of custom field {definition['caption']} must be of type {kind}.")
