"""Values and comments as TOML; text of other people stays within its string or its line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pydantic

_WIDTH = 110
_LONGEST = 100


def quoted(text: str) -> str:
    """A basic string; what is not printable, line breaks and changes of direction included, is written as an escape."""
    return '"' + "".join(_escaped(one) for one in text) + '"'


def _escaped(one: str) -> str:
    if one in {'"', "\\"}:
        return "\\" + one
    if one.isprintable():
        return one
    number = ord(one)
    if 0xD800 <= number <= 0xDFFF:
        # Half of a pair: no TOML string can hold it.
        return "?"
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def choice(name: str) -> str:
    """A name in a comment; one that is very long is cut, which the dots say."""
    return quoted(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}...")


def value(given: Any) -> str:
    """A value of the settings. What is neither a number, a list nor a table is a text, rates and paths included."""
    match given:
        case bool() | int() | Decimal():
            text = str(given).lower()
        case tuple() | list() | frozenset():
            text = f"[{', '.join(map(value, given))}]"
        case pydantic.BaseModel():
            text = value(given.model_dump(exclude_none=True))
        case Mapping():
            rows = ", ".join(f"{key(name)} = {value(one)}" for name, one in given.items())
            text = f"{{ {rows} }}"
        case timedelta():
            text = quoted(length(given))
        case _:
            text = quoted(str(given))
    return text


def key(name: str) -> str:
    """The left side of a row: bare where that is allowed."""
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else quoted(name)


def length(given: timedelta) -> str:
    """A duration in the largest unit that holds it exactly: `250ms`, `5m`, `30d`."""
    milliseconds = given // timedelta(milliseconds=1)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds >= size and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def comment(text: str) -> Iterator[str]:
    """Text as comment lines; it cannot leave them."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    for line in textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield f"# {line}"
