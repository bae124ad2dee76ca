"""Conditions of ConnectWise lists as objects; text is escaped here and nowhere else.

    field("company/id").equals(12).render()
    company/id=12

Source: ConnectWise developer guide: text in double quotes with a backslash before `"` and a backslash, moments in square brackets,
`like` with `%` as wildcard, `in` for lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

import msgspec

from cwbridge import clock
from cwbridge.connectors import literals
from cwbridge.connectors.connectwise import text

Value = str | int | Decimal | bool | datetime | None
Scalar = str | int | Decimal

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*")


class Condition(msgspec.Struct, frozen=True):
    """A condition, rendered.

    It is one comparison: servers are not to be trusted with compound conditions, so callers compare the rest themselves.
    """

    rendered: str

    def render(self) -> str:
        return self.rendered

    def encode(self) -> str:
        """The condition as it stands in a query string."""
        return encoded(self.rendered)

    def __str__(self) -> str:
        return self.rendered


class Field(msgspec.Struct, frozen=True):
    """A field to compare, references with a slash: `company/id`."""

    name: str

    def equals(self, value: Value) -> Condition:
        return self._compared("=", value)

    def at_least(self, value: Value) -> Condition:
        return self._compared(">=", value)

    def like(self, pattern: str) -> Condition:
        """Match a pattern in which `%` stands for any text; not for keys, `%` and `_` in them would match too much."""
        return Condition(f"{self.name} like {literal(pattern)}")

    def one_of(self, values: Iterable[Scalar]) -> Condition:
        """Match any of `values`; raises ValueError when there are none, because that is no question."""
        literals = [literal(value) for value in values]
        if not literals:
            raise ValueError("one_of needs at least one value")
        return Condition(f"{self.name} in ({','.join(literals)})")

    def _compared(self, operator: str, value: Value) -> Condition:
        return Condition(f"{self.name}{operator}{literal(value)}")


def field(name: str) -> Field:
    """A field by its name in the specification; raises ValueError for what cannot be one."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not the name of a field")
    return Field(name)


def literal(value: Value) -> str:
    """A value as conditions write it, by its type; raises TypeError for a float, ValueError for no finite number."""
    match value:
        case None:
            return "null"
        case bool() | int() | Decimal():
            return literals.plain(value)
        case datetime():
            return f"[{clock.iso(value)}]"
        case str():
            escaped = text.kept(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    raise TypeError(f"{type(value).__name__} cannot stand in a condition")


def encoded(rendered: str) -> str:
    """Percent-encoded UTF-8, everything but the unreserved characters of RFC 3986."""
    return quote(rendered, safe="")


def batches(name: str, values: Iterable[str], *, budget: int) -> Iterator[tuple[list[str], Condition]]:
    """Split `name in (values)` so that each condition takes at most `budget` characters once encoded.

    Repeated values are asked for once. A single value longer than the budget makes a batch of its own: the client refuses to
    send it and names the length.
    """
    asked = field(name)
    frame = len(encoded(f"{asked.name} in ()"))
    comma = len(encoded(","))
    batch: list[str] = []
    length = frame
    for value in dict.fromkeys(values):
        more = len(encoded(literal(value)))
        if batch and length + comma + more > budget:
            yield batch, asked.one_of(batch)
            batch, length = [], frame
        length += more + (comma if batch else 0)
        batch.append(value)
    if batch:
        yield batch, asked.one_of(batch)
