"""The fields of a request's body, JSON or form by its Content-Type, read with complaints collected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from sandbox.jetbuilt import problems

_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
LARGEST = Decimal(10) ** 12
TRUE = frozenset({"true", "1", "t", "yes"})
FALSE = frozenset({"false", "0", "f", "no", ""})


async def read(request: web.Request) -> Body:
    """Return the body's fields; without a JSON Content-Type it is a form. Raise Refusal 400 for broken JSON."""
    if request.content_type == "application/json":
        return Body(_decoded(await request.read()))
    if request.content_type == "multipart/form-data":
        parts = await request.post()
        return Body({name: value for name, value in parts.items() if isinstance(value, str)})
    form = (await request.read()).decode(errors="replace")
    return Body(dict(parse_qsl(form, keep_blank_values=True)))


def _decoded(raw: bytes) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        return _decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise problems.bad_request("The body is not a JSON object.") from error


class Body:
    """Typed access to fields. Bad values are noted and refused all at once by `check`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._errors: dict[str, list[str]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def require(self, *names: str) -> None:
        """Note the fields that are missing or blank."""
        for name in names:
            if self._values.get(name) in (None, ""):
                self.complain(name, "can't be blank")

    def complain(self, name: str, text: str) -> None:
        self._errors.setdefault(name, []).append(text)

    def check(self) -> None:
        """Raise Refusal 422 when anything was noted."""
        if self._errors:
            raise problems.Refusal(422, errors=self._errors)

    def changes(self, readers: Mapping[str, tuple[str, Reader]]) -> dict[str, Any]:
        """Return the present fields under the names of the model; `readers` maps field -> (name, reader)."""
        return {name: reader(self, field) for field, (name, reader) in readers.items() if field in self}

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return "" if value is None else str(value)

    def optional_text(self, name: str) -> str | None:
        return self.text(name) or None

    def raw(self, name: str) -> Any:
        return self._values.get(name)

    def integer(self, name: str) -> int | None:
        value = self._values.get(name)
        if value is None or value == "":
            return None
        try:
            return int(str(value))
        except ValueError:
            self.complain(name, "is not a number")
            return None

    def decimal(self, name: str) -> Decimal:
        return self.optional_decimal(name) or Decimal(0)

    def optional_decimal(self, name: str) -> Decimal | None:
        value = self._values.get(name)
        if value is None or value == "":
            return None
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite() and abs(number) < LARGEST:
            return number
        self.complain(name, "is not a number")
        return None

    def boolean(self, name: str) -> bool:
        text = str(self._values.get(name)).lower()
        if text not in TRUE | FALSE:
            self.complain(name, "is not true or false")
        return text in TRUE

    def day(self, name: str) -> date | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.complain(name, "is not a date")
            return None


Reader = Callable[[Body, str], Any]
