"""Conditions made into tests of rows, and the index that spares looking at every row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from sandbox.connectwise.errors import bad_condition
from sandbox.connectwise.grammar import Among, And, Compare, Expression, Or, parse
from sandbox.connectwise.lexer import Literals, Moment
from sandbox.connectwise.modes import Modes
from sandbox.connectwise.names import Name, recognize, recognize_element, unrecognized
from sandbox.connectwise.resources import Resource
from sandbox.connectwise.schema import Field, Kind
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row, fold

Test = Callable[[Row], bool]
Recognize = Callable[[str], Name]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMERIC: frozenset[Kind] = frozenset({"int", "number", "key"})
_TEXTUAL: frozenset[Kind] = frozenset({"text", "guid"})
_CAPTION = {
    "caption": Name(lambda value: value.get("caption"), Field(name="caption", kind="text")),
    "value": Name(lambda value: _custom_text(value.get("value")), Field(name="value", kind="text")),
}


class Match(msgspec.Struct, frozen=True):
    """A test for rows, with the index look-up whose rows are the only ones that can pass, when there is one."""

    test: Test
    path: str = ""
    values: tuple[Literals, ...] = ()


def conditions(store: ConnectWiseStore, resource: Resource, text: str) -> Match:
    """Make a test of a `conditions` parameter."""
    expression = parse(text)
    test = _compiled(expression, lambda name: recognize(store, resource, name), store.modes)
    return _indexed(store, resource, expression, test)


def child_conditions(store: ConnectWiseStore, resource: Resource, text: str) -> Match:
    """Make a test of a `childConditions` parameter: one element of one array has to pass all of it."""
    expression = parse(text)
    arrays: set[str] = set()

    def within(name: str) -> Name:
        array, inner = recognize_element(store, resource, name)
        arrays.add(array.name)
        return inner

    _refuse_lists(expression)
    passes = _compiled(expression, within, store.modes)
    if len(arrays) != 1:
        raise bad_condition("The child conditions have to be about one array.")
    (array,) = arrays
    return _indexed(store, resource, expression, lambda row: any(map(passes, row.get(array) or ())))


def custom_field_conditions(store: ConnectWiseStore, text: str) -> Match:
    """Make a test of a `customFieldConditions` parameter: one custom field has to pass all of it."""
    expression = parse(text)
    _refuse_lists(expression)
    definitions = store.table("system/userDefinedFields")

    def caption_or_value(name: str) -> Name:
        if name not in _CAPTION:
            raise unrecognized(name)
        return _CAPTION[name]

    passes = _compiled(expression, caption_or_value, store.modes)

    def test(row: Row) -> bool:
        return any(
            passes(
                {"caption": (definitions.get(field["id"]) or {}).get("caption"), "value": field.get("value")}
            )
            for field in row.get("customFields") or ()
        )

    return Match(test)


def _custom_text(value: Any) -> str | None:
    return None if value is None else str(value)


def _refuse_lists(expression: Expression) -> None:
    match expression:
        case Among():
            raise bad_condition("The operator `in` can only be used in conditions.")
        case And(parts) | Or(parts):
            for part in parts:
                _refuse_lists(part)


def _indexed(store: ConnectWiseStore, resource: Resource, expression: Expression, test: Test) -> Match:
    table = store.table(resource.table)
    found = []
    for part in expression.parts if isinstance(expression, And) else (expression,):
        match part:
            case Compare(name, "=", value) if value is not None and table.indexed(name):
                found.append(Match(test, name, (value,)))
            case Among(name, values, negated=False) if table.indexed(name):
                found.append(Match(test, name, values))
    return min(found, key=lambda match: table.count(match.path, *match.values), default=Match(test))


def _compiled(expression: Expression, recognized: Recognize, modes: Modes) -> Test:
    match expression:
        case And(parts):
            tests = [_compiled(part, recognized, modes) for part in parts]
            return lambda row: all(test(row) for test in tests)
        case Or(parts):
            tests = [_compiled(part, recognized, modes) for part in parts]
            return lambda row: any(test(row) for test in tests)
        case Among(name, values, negated):
            return _among(recognized(name), values, negated=negated)
    return _compare(recognized(expression.name), expression, modes)


def _among(name: Name, values: tuple[Literals, ...], *, negated: bool) -> Test:
    wanted = frozenset(_fitting(name, value) for value in values)
    get = name.get

    def test(row: Row) -> bool:
        held = get(row)
        return held is not None and (fold(held) in wanted) is not negated

    return test


def _compare(name: Name, compare: Compare, modes: Modes) -> Test:
    if compare.operator in ("contains", "like"):
        return _pattern(name, compare)
    get = name.get
    if compare.value is None:
        return _is_null(name, compare)
    if isinstance(compare.value, Moment) and modes.date_literals == ("time" if compare.value.day else "day"):
        return lambda _: False
    if name.kind == "flag" and compare.operator not in ("=", "!="):
        raise bad_condition(f"{compare.operator} cannot be used on {compare.name}.")
    wanted, ordered = _fitting(name, compare.value), _ORDER[compare.operator]

    def test(row: Row) -> bool:
        held = get(row)
        return held is not None and ordered(fold(held), wanted)

    return test


def _is_null(name: Name, compare: Compare) -> Test:
    get = name.get
    if compare.operator == "=":
        return lambda row: get(row) is None
    if compare.operator == "!=":
        return lambda row: get(row) is not None
    raise bad_condition(f"{compare.operator} cannot be used with null.")


def _pattern(name: Name, compare: Compare) -> Test:
    if name.kind not in _TEXTUAL or not isinstance(compare.value, str):
        raise bad_condition(f"{compare.operator} needs a text field and a text, not {compare.name}.")
    get, negated = name.get, compare.negated
    if compare.operator == "contains":
        part = compare.value.casefold()
        return lambda row: (held := get(row)) is not None and (part in held.casefold()) is not negated
    fits = _like(compare.value).fullmatch
    return lambda row: (held := get(row)) is not None and (fits(held) is not None) is not negated


@lru_cache(maxsize=512)
def _like(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\[[^\]]+\]|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    made = (f"[{re.escape(p[1:-1])}]" if len(p) > 1 else wild.get(p, re.escape(p)) for p in parts)
    return re.compile("".join(made), re.IGNORECASE | re.DOTALL)


def _fitting(name: Name, value: Literals) -> Any:
    """Return the literal in the form in which rows are compared; raise Refusal (400) when its type does not fit."""
    kind = name.kind
    if kind in _NUMERIC:
        fits = not isinstance(value, bool | str | Moment)
    elif kind == "flag":
        fits = isinstance(value, bool)
    elif kind == "date":
        fits = isinstance(value, Moment)
    elif kind == "enum":
        return _word(name.field, value)
    else:
        fits = kind != "ref" and isinstance(value, str)
    if value is None or not fits:
        raise bad_condition(f"The value does not fit {name.field.name}, a field of kind {kind}.")
    return value.text if isinstance(value, Moment) else fold(value)


def _word(field: Field, value: Literals) -> str:
    folded = str(value).casefold()
    if folded not in {word.casefold() for word in field.words}:
        raise bad_condition(f"Enum value supplied was invalid for {field.name}: {value}")
    return folded
