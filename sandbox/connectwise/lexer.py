"""The words of a `conditions` expression."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from sandbox.connectwise.errors import bad_condition

Kind = Literal["name", "word", "operator", "text", "number", "moment", "mark", "end"]

KEYWORDS = frozenset({"and", "or", "not", "in", "like", "contains", "null", "true", "false"})

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>[+-]?\d+(?:\.\d+)?(?![\w.]))
      | (?P<moment>\[[^\[\]]*\])
      | (?P<operator><=|>=|!=|=|<|>)
      | (?P<mark>[(),])
      | (?P<name>[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\([\\\"'])")


class Moment(msgspec.Struct, frozen=True):
    """A date in brackets, in the form in which rows keep theirs; `day` when no time was given."""

    text: str
    day: bool


Literals = str | int | Decimal | bool | Moment | None


class Token(msgspec.Struct, frozen=True):
    """A word with its place; `value` is ready for use: unquoted text, a number, a lower-case keyword."""

    kind: Kind
    value: Literals
    at: int


def tokens(expression: str) -> list[Token]:
    """Split an expression; raise Refusal (400) where it is not one."""
    found: list[Token] = []
    at, length = 0, len(expression.rstrip())
    while at < length:
        match = _TOKEN.match(expression, at)
        if match is None:
            raise bad_condition(f"The condition cannot be read at position {at}: {expression[at : at + 20]}")
        found.append(_token(match))
        at = match.end()
    found.append(Token("end", None, length))
    return found


def _token(match: re.Match[str]) -> Token:
    at = match.start(match.lastgroup or 0)
    word = match[match.lastgroup or 0]
    match match.lastgroup:
        case "text":
            return Token("text", _ESCAPED.sub(r"\1", word[1:-1]), at)
        case "number":
            return Token("number", Decimal(word), at)
        case "moment":
            return Token("moment", _moment(word[1:-1].strip()), at)
        case "operator":
            return Token("operator", word, at)
        case "mark":
            return Token("mark", word, at)
    lowered = word.lower()
    return Token("word", lowered, at) if lowered in KEYWORDS else Token("name", word, at)


def _moment(text: str) -> Moment:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise bad_condition(f"String [{text}] was not recognized as a valid DateTime.") from None
    utc = when.astimezone(UTC) if when.tzinfo else when
    return Moment(utc.strftime("%Y-%m-%dT%H:%M:%SZ"), day=len(text) <= len("2016-08-20"))
