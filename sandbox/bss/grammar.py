"""The grammar of `$filter`: the part of OData 4.01 that the vendor's pages show, parsed by recursive descent.

- expression = term { "or" term }
- term = factor { "and" factor }
- factor = "(" expression ")" | "contains" "(" name "," text ")" | name operator literal
- operator = "eq" | "ne" | "gt" | "ge" | "lt" | "le"
- literal = 'text' | number | "true" | "false" | datetime'2020-12-25' | datetime'2020-12-25T20:05:08.000'

Words are lower-case, names are case-sensitive, an apostrophe in a text is written twice.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from sandbox.bss.problems import Refusal, bad_query

DEEPEST = 32
OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
KEYWORDS = OPERATORS | {"and", "or", "true", "false", "contains"}
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,7})?)?")
_TOKEN = re.compile(
    r"""\s*(?:
        datetime'(?P<moment>[^']*)'
      | (?P<text>'(?:[^']|'')*')
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<mark>[(),])
      | (?P<name>[A-Za-z_]\w*)
    )""",
    re.VERBOSE,
)

Value = str | Decimal | bool | datetime
Kind = Literal["moment", "text", "number", "mark", "name", "word", "end"]


class Comparison(msgspec.Struct, frozen=True):
    """A field against a literal; `operator` is one of OPERATORS or `contains`, a datetime has no zone."""

    name: str
    operator: str
    value: Value


class Both(msgspec.Struct, frozen=True):
    parts: tuple[Expression, ...]


class Either(msgspec.Struct, frozen=True):
    parts: tuple[Expression, ...]


Expression = Comparison | Both | Either


class _Token(msgspec.Struct, frozen=True):
    kind: Kind
    text: str
    at: int


def parse(text: str) -> Expression:
    """Read a filter; raise Refusal (400) when it is not one."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._expression()
        if self._peek.kind != "end":
            raise self._unexpected()
        return expression

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._peek
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _take(self, text: str) -> bool:
        found = self._peek.kind in ("word", "mark") and self._peek.text == text
        self._at += found
        return found

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected()

    def _unexpected(self) -> Refusal:
        return bad_query(f"Syntax error at position {self._peek.at} in $filter.")

    def _expression(self) -> Expression:
        parts = [self._term()]
        while self._take("or"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _term(self) -> Expression:
        parts = [self._factor()]
        while self._take("and"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _factor(self) -> Expression:
        if self._take("contains"):
            return self._contains()
        if not self._take("("):
            return self._comparison()
        self._depth += 1
        if self._depth > DEEPEST:
            raise bad_query("The $filter is nested too deeply.")
        inner = self._expression()
        self._need(")")
        self._depth -= 1
        return inner

    def _contains(self) -> Comparison:
        self._need("(")
        name = self._name()
        self._need(",")
        value = self._literal()
        self._need(")")
        return Comparison(name, "contains", value)

    def _comparison(self) -> Comparison:
        name = self._name()
        if self._peek.kind != "word" or self._peek.text not in OPERATORS:
            raise self._unexpected()
        return Comparison(name, self._next().text, self._literal())

    def _name(self) -> str:
        if self._peek.kind != "name":
            raise self._unexpected()
        return self._next().text

    def _literal(self) -> Value:
        token = self._peek
        match token.kind:
            case "text":
                value: Value = token.text[1:-1].replace("''", "'")
            case "number":
                value = Decimal(token.text)
            case "moment":
                value = _moment(token.text)
            case "word" if token.text in ("true", "false"):
                value = token.text == "true"
            case _:
                raise self._unexpected()
        self._next()
        return value


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, length = 0, len(text.rstrip())
    while at < length:
        match = _TOKEN.match(text, at)
        if match is None:
            raise bad_query(f"Syntax error at position {at} in $filter.")
        found.append(_token(match))
        at = match.end()
    found.append(_Token("end", "", length))
    return found


def _token(match: re.Match[str]) -> _Token:
    kinds: dict[str, Kind] = {"moment": "moment", "text": "text", "number": "number", "mark": "mark"}
    group = match.lastgroup or "name"
    word = match[group]
    kind: Kind = kinds.get(group, "word" if word in KEYWORDS else "name")
    return _Token(kind, word, match.start(group))


def _moment(text: str) -> datetime:
    """Read a time without a zone; one without a time of day is midnight."""
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise bad_query(f"Unrecognized datetime literal '{text}' in $filter.")
