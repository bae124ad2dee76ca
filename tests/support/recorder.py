"""A sandbox that writes down every call to ConnectWise and BSS with its body and answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from sandbox.calls import CONTROL_PREFIX, Handler
from sandbox.connectwise.app import BASE
from sandbox.server import Options, Sandbox
from sandbox.world import World


class Exchange(msgspec.Struct, frozen=True):
    """One call: `path` lies below the API base, bodies as they travelled; `status` 0 when no answer was given."""

    method: str
    path: str
    query: str
    sent: bytes
    status: int
    answer: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.sent) if self.sent else None

    @property
    def value(self) -> Any:
        return msgspec.json.decode(self.answer) if self.answer else None

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


class RecordedSandbox(Sandbox):
    """The stand-ins; `exchanges` grows with every call to ConnectWise below its API base, `bss_exchanges` likewise."""

    def __init__(self, options: Options | None = None, *, world: World | None = None) -> None:
        super().__init__(options, world=world)
        self.exchanges: list[Exchange] = []
        self.bss_exchanges: list[Exchange] = []
        self._before: dict[tuple[str, str], Callable[[], None]] = {}

    def before(self, method: str, path: str, act: Callable[[], None]) -> None:
        """Do something in the moment before the next such call is answered."""
        self._before[method, path] = act

    def writes(self) -> Iterator[Exchange]:
        """The calls that change something, accepted or not."""
        return (exchange for exchange in self.exchanges if exchange.method != "GET")

    def _connectwise_app(self) -> web.Application:
        app = super()._connectwise_app()
        app.middlewares.insert(0, self._record)
        return app

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if BASE not in request.path or request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        path = "/" + request.path.partition(BASE)[2]
        sent = await request.read() if request.body_exists else b""
        self._before.pop((request.method, path), _nothing)()
        answer = await handler(request)
        self.exchanges.append(_exchange(request, path, sent, answer))
        return answer

    def _bss_app(self) -> web.Application:
        app = super()._bss_app()
        app.middlewares.insert(0, self._record_bss)
        return app

    @web.middleware
    async def _record_bss(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        sent = await request.read() if request.body_exists else b""
        answer = await handler(request)
        if request.path.startswith("/api/"):
            self.bss_exchanges.append(_exchange(request, request.path, sent, answer))
        return answer


def _exchange(request: web.Request, path: str, sent: bytes, answer: web.StreamResponse) -> Exchange:
    body = answer.body if isinstance(answer, web.Response) else None
    told = bytes(body) if isinstance(body, bytes | bytearray) else b""
    return Exchange(request.method, path, request.rel_url.raw_query_string, sent, answer.status, told)


def _nothing() -> None:
    pass
