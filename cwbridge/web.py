"""Serves metrics, liveness and readiness of a process over HTTP, read-only; the console adds the status page.

GET /metrics    Prometheus text
GET /healthz    200 while the event loop runs; an outage of another system must not restart this process
GET /readyz     200 when Redis answers, else 503 with the reason
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cwbridge import errors, metrics
from cwbridge.redis import Redis

log = structlog.get_logger()
_BEAT_SECONDS = 1.0
_DEAD_AFTER_SECONDS = 60.0
_REDIS_SECONDS = 2.0
Refresh = Callable[[], Awaitable[None]]
Install = Callable[[web.Application], None]
OPEN_PATHS = frozenset({"/metrics", "/healthz", "/readyz"})
"""What answers without credentials: it names no object."""


class Pulse:
    """Liveness of the event loop: a loop that is blocked for a minute counts as dead."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    @property
    def alive(self) -> bool:
        return time.monotonic() - self._last < _DEAD_AFTER_SECONDS

    async def beat(self) -> None:
        """Measure once a second how late the loop wakes, until cancelled."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            now = time.monotonic()
            metrics.LOOP_LAG.observe(max(0.0, now - self._last - _BEAT_SECONDS))
            self._last = now


def build(pulse: Pulse, redis: Redis, refresh: Refresh | None) -> web.Application:
    """The application; `refresh` brings the series of the whole daemon up to date before they are read."""

    async def show_metrics(_request: web.Request) -> web.Response:
        if refresh is not None:
            with suppress(Exception):  # what cannot be refreshed must not hide the other series
                async with asyncio.timeout(_REDIS_SECONDS):
                    await refresh()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def show_health(_request: web.Request) -> web.Response:
        if pulse.alive:
            return web.json_response({"status": "ok"})
        return web.json_response({"status": "event loop blocked"}, status=503)

    async def show_readiness(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                await redis.ping()
        except Exception as error:  # noqa: BLE001 - any error means not ready
            metrics.REDIS_UP.set(0)
            reason = f"Redis does not answer: {type(error).__name__}"
            return web.json_response({"status": "not ready", "reason": reason}, status=503)
        metrics.REDIS_UP.set(1)
        return web.json_response({"status": "ready"})

    app = web.Application(client_max_size=1024)
    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/healthz", show_health)
    app.router.add_get("/readyz", show_readiness)
    return app


@asynccontextmanager
async def serve(
    listen: str, redis: Redis, refresh: Refresh | None, *, install: Install | None = None
) -> AsyncIterator[str]:
    """Serve on `listen` (HOST:PORT) while the body runs; yields the URL in use. `install` adds other pages.

    Raises SettingsError when the address cannot be bound.
    """
    host, _, port = listen.rpartition(":")
    pulse = Pulse()
    app = build(pulse, redis, refresh)
    if install is not None:
        install(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    beat = asyncio.create_task(pulse.beat())
    try:
        try:
            site = web.TCPSite(runner, host.strip("[]"), int(port))
            await site.start()
        except OSError as error:
            raise errors.SettingsError(
                f"CWBRIDGE_HTTP__LISTEN {listen} cannot be listened on: {error.strerror}",
                remedy="Choose a free address for each process, or port 0 for any free one.",
            ) from error
        address = runner.addresses[0]
        url = f"http://{host}:{address[1]}"
        log.info("http_listening", url=url)
        yield url
    finally:
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat
        await runner.cleanup()
