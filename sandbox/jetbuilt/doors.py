"""What stands before every handler: the key, the wanted version, write access, the rate limit, and JSON refusals."""

from __future__ import annotations

import asyncio
import hmac
import time

from aiohttp import web

from sandbox.calls import Handler
from sandbox.jetbuilt import problems
from sandbox.jetbuilt.modes import Modes
from sandbox.window import SlidingWindow

MEDIA = "application/vnd.jetbuilt."
VERSION = "v1"
ANYTHING = frozenset({"", "*/*", "application/*", "application/json"})
READS = frozenset({"GET", "HEAD"})


class Doors:
    """The middlewares of the application, outermost first: refuse, authenticate, limit."""

    def __init__(self, modes: Modes, api_key: str) -> None:
        self._modes = modes
        self._expected = f"Token token={api_key}".encode()
        self._windows: dict[str, SlidingWindow] = {}

    @web.middleware
    async def refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn every refusal into a status with a JSON body."""
        try:
            return await handler(request)
        except problems.Refusal as refusal:
            return refusal.response()
        except web.HTTPException as error:
            return problems.answer(error.status)

    @web.middleware
    async def authenticate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Admit the key, version 1 of the API, and writes when the key may write."""
        given = request.headers.get("Authorization", "").replace('"', "").encode()
        if not hmac.compare_digest(given, self._expected):
            raise problems.Refusal(401)
        if not any(_is_served(wanted) for wanted in request.headers.get("Accept", "").split(",")):
            raise problems.Refusal(406)
        if request.method not in READS and not self._modes.write_access:
            raise problems.Refusal(403, "Write access is not enabled for this API key.")
        return await handler(request)

    @web.middleware
    async def limit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what is too much from one address, without telling when it ends."""
        if self._modes.rate_limit and self._window(request.remote or "").admit(time.monotonic()) > 0.0:
            return problems.throttled()
        if self._modes.latency_ms:
            await asyncio.sleep(self._modes.latency_ms / 1000)
        return await handler(request)

    def _window(self, address: str) -> SlidingWindow:
        window = self._windows.get(address)
        if window is None:
            window = self._windows[address] = SlidingWindow(1, 1.0)
        window.limit, window.seconds = self._modes.rate_limit, self._modes.rate_seconds
        window.count_refused = self._modes.count_refused
        return window


def _is_served(media_range: str) -> bool:
    media = media_range.partition(";")[0].strip().lower()
    if media.startswith(MEDIA):
        return media.removeprefix(MEDIA).partition("+")[0] == VERSION
    return media in ANYTHING
