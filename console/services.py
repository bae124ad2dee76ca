"""`cwbridge run`, `producers` and `worker`: the long-running services."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from console import lifecycle
from cwbridge import concurrency, metrics, web
from cwbridge.ledger.history import Event
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.lane import LANES
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers import main as producers
from worker import main as worker

log = structlog.get_logger()
Service = Callable[[Settings, Redis, asyncio.Event], Awaitable[None]]


async def run(settings: Settings, stop: asyncio.Event, services: Sequence[Service]) -> int:
    """Run `services` side by side in this process with its metrics, until `stop`."""
    async with (
        lifecycle.store(settings) as redis,
        web.serve(settings.http.listen, redis, gauges(settings, redis)),
    ):
        await side_by_side(settings, redis, stop, services)
    return lifecycle.SETTLED


async def side_by_side(
    settings: Settings, redis: Redis, stop: asyncio.Event, services: Sequence[Service]
) -> None:
    """Run all until `stop`; when one ends by itself or fails, the others are stopped and its failure is raised."""
    running = [asyncio.ensure_future(service(settings, redis, stop)) for service in services]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.wait(running)
        for service in [*done, *running]:
            await service
    finally:
        await concurrency.end(*running)


def worker_telling(on_event: Callable[[str, Event], None]) -> Service:
    """The worker as a service whose events `on_event` hears."""

    async def service(settings: Settings, redis: Redis, stop: asyncio.Event) -> None:
        await worker.serve(settings, redis, stop, on_event=on_event)

    return service


def gauges(settings: Settings, redis: Redis) -> web.Refresh:
    """Brings the gauges of the queue up to date when somebody looks at the metrics."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    holds = SystemHolds(redis, namespace=settings.namespace)

    async def refresh() -> None:
        await holds.all()
        counts = await queue.counts()
        for flow, of_flow in counts.flows.items():
            for state in ("due", "scheduled", "dispatched", "running", "waiting", "dead", "held"):
                metrics.QUEUE_JOBS.labels(flow, state).set(getattr(of_flow, state))
            for lane in LANES:
                age_ms = of_flow.oldest_pending_age_ms.get(lane, 0)
                metrics.QUEUE_OLDEST_PENDING.labels(flow, lane).set(age_ms / 1000)

    return refresh


EVERYTHING: tuple[Service, ...] = (producers.serve, worker.serve)
