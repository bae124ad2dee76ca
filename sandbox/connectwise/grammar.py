"""The grammar of `conditions`: expressions of comparisons, parsed by recursive descent.

- expression = term { "or" term }
- term = factor { "and" factor }
- factor = "(" expression ")" | comparison
- comparison = name operator literal | name ["not"] ("contains" | "like") text | name ["not"] "in" list
- list = "(" literal { "," literal } ")"
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from sandbox.connectwise.errors import Refusal, bad_condition
from sandbox.connectwise.lexer import Literals, Token, tokens

DEEPEST = 64


class Compare(msgspec.Struct, frozen=True):
    """A name against one value; `operator` is = != < <= > >= contains or like."""

    name: str
    operator: str
    value: Literals
    negated: bool = False


class Among(msgspec.Struct, frozen=True):
    """A name against a list of values."""

    name: str
    values: tuple[Literals, ...]
    negated: bool = False


class And(msgspec.Struct, frozen=True):
    parts: tuple[Expression, ...]


class Or(msgspec.Struct, frozen=True):
    parts: tuple[Expression, ...]


Expression = Compare | Among | And | Or

_CONSTANTS: dict[str, bool | None] = {"null": None, "true": True, "false": False}


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read an expression; raise Refusal (400) when it is not one."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._expression()
        if self._peek.kind != "end":
            raise self._unexpected()
        return expression

    @property
    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _take(self, kind: str, value: str) -> bool:
        if self._peek.kind == kind and self._peek.value == value:
            self._at += 1
            return True
        return False

    def _need(self, value: str) -> None:
        if not self._take("mark", value):
            raise self._unexpected()

    def _unexpected(self) -> Refusal:
        return bad_condition(f"The condition is not understood at position {self._peek.at}: {self._text}")

    def _expression(self) -> Expression:
        parts = [self._term()]
        while self._take("word", "or"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _term(self) -> Expression:
        parts = [self._factor()]
        while self._take("word", "and"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _factor(self) -> Expression:
        if not self._take("mark", "("):
            return self._comparison()
        self._depth += 1
        if self._depth > DEEPEST:
            raise bad_condition("The condition is nested too deeply.")
        inner = self._expression()
        self._need(")")
        self._depth -= 1
        return inner

    def _comparison(self) -> Expression:
        named, following = self._next(), self._peek
        if named.kind != "name":
            raise self._unexpected()
        name = str(named.value)
        if following.kind == "operator":
            self._at += 1
            return Compare(name, str(following.value), self._literal())
        negated = self._take("word", "not")
        if self._take("word", "in"):
            return Among(name, self._list(), negated)
        for operator in ("contains", "like"):
            if self._take("word", operator):
                return Compare(name, operator, self._literal(), negated)
        raise self._unexpected()

    def _list(self) -> tuple[Literals, ...]:
        self._need("(")
        values = [self._literal()]
        while self._take("mark", ","):
            values.append(self._literal())
        self._need(")")
        return tuple(values)

    def _literal(self) -> Literals:
        token = self._peek
        if token.kind in ("text", "number", "moment"):
            return self._next().value
        if token.kind == "word" and token.value in _CONSTANTS:
            return _CONSTANTS[str(self._next().value)]
        raise self._unexpected()
