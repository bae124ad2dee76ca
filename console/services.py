"""`cwbridge run`, `producers` and `worker`: the long-running services."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import NoReturn, Protocol

import structlog
import typer

from console import exit_codes, flows, lifecycle, loading, output
from console import gauges as gauges_module
from console import page as page_module
from cwbridge import concurrency, errors, presence, web
from cwbridge import settings as settings_module
from cwbridge.flow import Flows
from cwbridge.measured_redis import MeasuredRedis
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from cwbridge.systemd import Notifier
from producers import main as producers_module
from worker import main as worker_module

log = structlog.get_logger(__name__)


class Service(Protocol):
    """One of the long-running services; it calls `on_ready` when it begins its work."""

    def __call__(
        self, settings: Settings, redis: Redis, stop: asyncio.Event, *, on_ready: Callable[[], None]
    ) -> Awaitable[None]: ...


Pages = Callable[[Redis], web.Install]


def run_command(*, producers: bool, worker: bool) -> NoReturn:
    """Run the services chosen until the process is told to stop, and exit with their code."""

    async def main(stop: asyncio.Event) -> int:
        settings = loading.settings()
        chosen = switched_on(settings)
        services: dict[str, Service] = {}
        if producers:
            services["producers"] = partial(producers_module.serve, flows=chosen)
        if worker:
            services["worker"] = partial(worker_module.serve, flows=chosen)
        pages = page_module.installer(settings) if producers else None
        return await run(settings, stop, services, flows=chosen, pages=pages)

    try:
        raise typer.Exit(lifecycle.run(main))
    except errors.StoreUnavailable as error:
        # Unlike a command, a service is started again: Redis may come later than the service.
        output.say_failure(error)
        raise typer.Exit(exit_codes.FAILED) from error


def switched_on(settings: Settings) -> Flows:
    """The flows that the settings switch on; raises SettingsError for a system that lacks a value it needs."""
    chosen = flows.registered().on(settings)
    for flow in chosen:
        for system in flow.systems:
            settings_module.require(settings.of(system.settings), system.required)
    return chosen


async def run(
    settings: Settings,
    stop: asyncio.Event,
    services: Mapping[str, Service],
    *,
    flows: Flows,
    pages: Pages | None = None,
) -> int:
    """Run `services` side by side in this process with its metrics, and its `pages` if it has some, until `stop`."""
    async with lifecycle.store(settings, kind=MeasuredRedis) as redis:
        refresh = gauges_module.refresher(settings, redis, flows) if "producers" in services else None
        install = pages(redis) if pages is not None else None
        notifier = Notifier()
        async with (
            web.serve(settings.http.listen, redis, refresh, install=install) as url,
            present(settings, redis, services, flows),
            notifier.alive(),
        ):
            ready = _Ready(notifier, tuple(services), url)
            await side_by_side(
                settings,
                redis,
                stop,
                [partial(service, on_ready=partial(ready.note, name)) for name, service in services.items()],
                on_stop=notifier.stopping,
            )
    return exit_codes.SETTLED


class _Ready:
    """Tells the service manager once that every service of this process is at work."""

    def __init__(self, notifier: Notifier, services: tuple[str, ...], url: str) -> None:
        self._notifier = notifier
        self._services = services
        self._url = url
        self._waiting = set(services)

    def note(self, service: str) -> None:
        self._waiting.discard(service)
        if not self._waiting:
            self._notifier.ready(f"{' and '.join(self._services)} at work; metrics at {self._url}/metrics")


def present(
    settings: Settings, redis: Redis, services: Iterable[str], flows: Flows
) -> AbstractAsyncContextManager[None]:
    """Note this process for the status and the metrics while the body runs."""
    named = tuple(services)
    return presence.noted(
        redis,
        settings.namespace,
        services=named,
        flows=flows.names,
        slots=settings.queue.concurrency if "worker" in named else 0,
    )


async def side_by_side(
    settings: Settings,
    redis: Redis,
    stop: asyncio.Event,
    services: Sequence[Callable[[Settings, Redis, asyncio.Event], Awaitable[None]]],
    *,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Run all until `stop`, and call `on_stop` then; when one ends or fails, stop the others and raise its failure."""
    running = [asyncio.ensure_future(service(settings, redis, stop)) for service in services]
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
        done = [service for service in running if service.done()]
        on_stop()
        stop.set()
        await asyncio.wait(running)
        for service in [*done, *running]:
            await service
    finally:
        await concurrency.end(*running, stopping)
