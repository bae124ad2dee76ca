"""Faults on demand: a rule says which calls go wrong, how, and how often."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec
from aiohttp import web

from sandbox import calls
from sandbox.calls import Handler

Action = Literal[
    "refuse", "delay", "fail", "throttle", "lose", "half", "garble", "alter", "hold_before", "hold_after"
]

WAITS = frozenset({"delay", "hold_before"})


class FaultRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls go wrong and how; `path` is a pattern on the path below the API base.

    `alter` answers with `fields` put into the record, or into each record of a list.
    """

    name: str
    action: Action
    method: str = "*"
    path: str = "*"
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    status: int = 500
    seconds: float = 0.0
    retry_after: int = 1
    html: bool = False
    fields: dict[str, Any] = {}


class Dialect(msgspec.Struct, frozen=True):
    """How one system says that something went wrong, and which part of a path lies below its API base."""

    below: Callable[[str], str]
    failure: Callable[[int], web.Response]
    throttled: Callable[[int], web.Response]


class _Armed:
    """A rule with what has happened to it so far."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.seen = 0
        self.fired = 0
        self.waiting = 0
        self.gate = asyncio.Event()

    def fires(self, method: str, path: str, dice: random.Random) -> bool:
        rule = self.rule
        if rule.method not in ("*", method) or not fnmatchcase(path, rule.path):
            return False
        self.seen += 1
        if self.seen <= rule.after or (rule.times is not None and self.fired >= rule.times):
            return False
        if rule.probability < 1.0 and dice.random() >= rule.probability:
            return False
        self.fired += 1
        return True

    async def hold(self) -> None:
        self.waiting += 1
        try:
            await self.gate.wait()
        finally:
            self.waiting -= 1

    def release(self) -> None:
        """Let go the calls that wait now; later ones meet a closed gate again."""
        self.gate.set()
        self.gate = asyncio.Event()


class Faults:
    """The armed rules of one stand-in.

    Rules are tried in the order in which they were added. The waits (`delay`, `hold_before`) of every rule that
    fires take place; the first other action that fires decides what becomes of the call.
    """

    def __init__(self, dialect: Dialect, *, seed: int = 0) -> None:
        self._dialect = dialect
        self._dice = random.Random(seed)
        self._armed: dict[str, _Armed] = {}
        self._hits: Counter[str] = Counter()

    def add(self, rule: FaultRule) -> None:
        """Arm a rule; one of the same name is replaced and its hits forgotten."""
        self.clear(rule.name)
        self._hits.pop(rule.name, None)
        self._armed[rule.name] = _Armed(rule)

    def clear(self, name: str | None = None) -> None:
        """Disarm one rule or all, and let go whatever it holds; hits stay readable."""
        for known in [name] if name is not None else list(self._armed):
            armed = self._armed.pop(known, None)
            if armed is not None:
                armed.release()

    def release(self, name: str) -> None:
        """Let go the calls that the rule holds; raise KeyError when there is no such rule."""
        self._armed[name].release()

    def hits(self, name: str) -> int:
        return self._hits[name]

    def waiting(self, name: str) -> int:
        armed = self._armed.get(name)
        return armed.waiting if armed is not None else 0

    def rules(self) -> list[FaultRule]:
        return [armed.rule for armed in self._armed.values()]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._armed:
            return await handler(request)
        decisive = await self._decide(request.method, self._dialect.below(request.path))
        if decisive is None:
            return await handler(request)
        return await self._act(decisive, request, handler)

    async def _decide(self, method: str, path: str) -> _Armed | None:
        decisive: _Armed | None = None
        for armed in tuple(self._armed.values()):
            rule = armed.rule
            if decisive is not None and rule.action not in WAITS:
                continue
            if not armed.fires(method, path, self._dice):
                continue
            self._hits[rule.name] += 1
            calls.current().fault = rule.name
            if rule.action == "delay":
                await asyncio.sleep(rule.seconds)
            elif rule.action == "hold_before":
                await armed.hold()
            else:
                decisive = armed
        return decisive

    async def _act(self, armed: _Armed, request: web.Request, handler: Handler) -> web.StreamResponse:
        rule = armed.rule
        match rule.action:
            case "refuse":
                return _drop(request)
            case "fail":
                return html_page(rule.status) if rule.html else self._dialect.failure(rule.status)
            case "throttle":
                return self._dialect.throttled(rule.retry_after)
            case _:
                return await _spoil(armed, request, await _work(request, handler))


async def _spoil(armed: _Armed, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    match armed.rule.action:
        case "lose":
            return _drop(request)
        case "half":
            return await _answer_half(request, response)
        case "garble":
            return web.Response(body=b'{"garbled": ' + _body(response)[:40], content_type="application/json")
        case "alter":
            return _altered(response, armed.rule.fields)
        case _:
            await armed.hold()
            return response


def _altered(response: web.StreamResponse, fields: dict[str, Any]) -> web.StreamResponse:
    body = _body(response)
    if not body:
        return response
    answered = msgspec.json.decode(body)
    rows = answered if isinstance(answered, list) else [answered]
    for row in rows:
        row.update(fields)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return web.Response(status=response.status, body=msgspec.json.encode(answered), headers=headers)


def html_page(status: int) -> web.Response:
    """Return the kind of page a web server puts in front of a failing application."""
    return web.Response(
        status=status,
        text=f"<!DOCTYPE html><html><head><title>{status}</title></head>"
        f"<body><h2>{status} - Server error</h2></body></html>",
        content_type="text/html",
    )


async def _work(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        return refusal


def _drop(request: web.Request) -> web.Response:
    calls.current().dropped = True
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _answer_half(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = _body(whole)
    if not body:
        return _drop(request)
    headers = whole.headers.copy()
    headers["Content-Length"] = str(len(body))
    answer = web.StreamResponse(status=whole.status, headers=headers)
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return answer


def _body(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return bytes(body) if isinstance(body, bytes | bytearray) else b""
