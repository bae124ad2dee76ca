"""What was called: counts per route, the recent calls, and how many were under way at once."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import msgspec
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTROL_PREFIX = "/__sandbox__/"
RECENT = 20_000


class Call(msgspec.Struct):
    """One call; `status` is 0 while it runs and when the connection was dropped, `path` includes the query."""

    method: str
    path: str
    started: float
    route: str = ""
    status: int = 0
    seconds: float = 0.0
    fault: str = ""
    dropped: bool = False
    refused: bool = False
    """Set when a rate limit refused the call with a status other than 429."""


_current: ContextVar[Call] = ContextVar("sandbox_call")


def current() -> Call:
    """Return the call being answered, for a handler that knows its route and a fault that leaves its name."""
    return _current.get()


class CallLog:
    """Counts calls by (method, route template, status); `middleware` is the outermost of a stand-in."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.recent: deque[Call] = deque(maxlen=RECENT)
        self.refused = 0
        self.faults = 0
        self.concurrent = 0
        self.max_concurrent = 0

    def clear(self) -> None:
        self.counts.clear()
        self.recent.clear()
        self.refused = self.faults = 0
        self.max_concurrent = self.concurrent

    @property
    def total(self) -> int:
        return self.counts.total()

    def count(self, method: str = "*", route: str = "*", status: int | None = None) -> int:
        """Add up the calls of a method, a route template and a status; the defaults mean any."""
        return sum(
            n
            for (called, template, answered), n in self.counts.items()
            if method in ("*", called) and route in ("*", template) and status in (None, answered)
        )

    def summary(self) -> dict[str, Any]:
        rows = [
            {"method": method, "route": route, "status": status, "count": n}
            for (method, route, status), n in sorted(self.counts.items())
        ]
        return {
            "total": self.total,
            "refused": self.refused,
            "faults": self.faults,
            "max_concurrent": self.max_concurrent,
            "counts": rows,
        }

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        call = Call(request.method, request.raw_path, time.time())
        _current.set(call)
        self.concurrent += 1
        self.max_concurrent = max(self.max_concurrent, self.concurrent)
        begun = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        else:
            return response
        finally:
            self.concurrent -= 1
            call.seconds = time.perf_counter() - begun
            call.status = 0 if call.dropped else status
            call.route = call.route or _template(request)
            self._count(call)

    def _count(self, call: Call) -> None:
        self.counts[call.method, call.route, call.status] += 1
        self.recent.append(call)
        self.refused += call.refused or call.status == 429
        self.faults += bool(call.fault)


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(no route)"
