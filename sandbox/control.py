"""The remote control of a stand-in: /__sandbox__/calls, faults, modes, release, records and commands."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from aiohttp import web

from sandbox.calls import CONTROL_PREFIX, CallLog, Handler
from sandbox.faults import FaultRule, Faults

KEY_HEADER = "X-Sandbox-Key"


class AnotherUser(Protocol):
    """Another user of the system, who changes records by hand.

    Raises KeyError for a table or a record that does not exist, ValueError for fields that the system would not take.
    """

    def add(self, table: str, fields: dict[str, Any]) -> int | str:
        """Make a record and return its id."""

    def show(self, table: str, number: str) -> dict[str, Any]:
        """Look at a record as it is stored."""

    def edit(self, table: str, number: str, fields: dict[str, Any]) -> None:
        """Change fields of a record."""

    def remove(self, table: str, number: str) -> None:
        """Delete a record."""


class Control:
    """Answers everything under /__sandbox__/; `modes` is a dataclass or mutable Struct, changed in place.

    `user` acts on records; `commands` are further acts by name, whose arguments come as a JSON object.
    """

    def __init__(
        self,
        *,
        key: str,
        calls: CallLog,
        faults: Faults,
        modes: Any,
        user: AnotherUser | None = None,
        commands: Mapping[str, Callable[..., None]] | None = None,
    ) -> None:
        self._key = key
        self._user = user
        self._commands = commands or {}
        self._calls = calls
        self._faults = faults
        self._modes = modes

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        if not hmac.compare_digest(request.headers.get(KEY_HEADER, "").encode(), self._key.encode()):
            return _answer({"error": f"The header {KEY_HEADER} is missing or wrong."}, status=401)
        noun, _, name = request.path.removeprefix(CONTROL_PREFIX).partition("/")
        try:
            return self._dispatch(request.method, noun, name, await request.read())
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            return _answer({"error": str(error)}, status=400)
        except KeyError as error:
            return _answer({"error": f"There is nothing named {error}."}, status=404)

    def _dispatch(self, method: str, noun: str, name: str, body: bytes) -> web.Response:
        match method, noun:
            case "GET", "calls":
                return _answer(self._calls.summary())
            case "DELETE", "calls":
                self._calls.clear()
            case "GET", "faults":
                return _answer([self._describe(rule) for rule in self._faults.rules()])
            case "POST", "faults":
                self._faults.add(msgspec.json.decode(body, type=FaultRule))
            case "DELETE", "faults":
                self._faults.clear(name or None)
            case "POST", "release":
                self._faults.release(name)
            case "GET", "modes":
                return _answer(self._modes)
            case "PATCH", "modes":
                change(self._modes, msgspec.json.decode(body, type=dict[str, Any]))
                return _answer(self._modes)
            case _:
                return self._serve_user(method, noun, name, body)
        return web.Response(status=204)

    def _serve_user(self, method: str, noun: str, path: str, body: bytes) -> web.Response:
        table, _, number = path.rpartition("/")
        match method, noun:
            case "POST", "records" if self._user is not None:
                return _answer({"id": self._user.add(path, _fields(body))}, status=201)
            case "GET", "records" if self._user is not None:
                return _answer(self._user.show(table, number))
            case "PATCH", "records" if self._user is not None:
                self._user.edit(table, number, _fields(body))
            case "DELETE", "records" if self._user is not None:
                self._user.remove(table, number)
            case "POST", _ if noun in self._commands and not path:
                self._commands[noun](**_fields(body))
            case _:
                return _answer({"error": f"There is nothing at {method} {noun}."}, status=404)
        return web.Response(status=204)

    def _describe(self, rule: FaultRule) -> dict[str, Any]:
        described: dict[str, Any] = msgspec.to_builtins(rule)
        return described | {"hits": self._faults.hits(rule.name), "waiting": self._faults.waiting(rule.name)}


def _fields(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body or b"{}", type=dict[str, Any])


def change(modes: Any, wanted: dict[str, Any]) -> None:
    """Set the named modes in place; raise msgspec.ValidationError for an unknown name or a wrong type."""
    present: dict[str, Any] = msgspec.to_builtins(modes)
    for name in wanted:
        if name not in present:
            raise msgspec.ValidationError(
                f"There is no mode `{name}`; the modes are {', '.join(sorted(present))}."
            )
    checked = msgspec.convert(present | wanted, type=type(modes))
    for name in wanted:
        setattr(modes, name, getattr(checked, name))


def _answer(value: Any, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")
