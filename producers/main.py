"""The producers service: polls the sources and enqueues keys until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from cwbridge import concurrency, connections, locks
from cwbridge.ledger.catalog import CatalogCache
from cwbridge.ledger.links import Links
from cwbridge.ledger.sightings import Sightings
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers.connectwise import ConnectWisePoller
from producers.dead_letters import DeadLetterRetry
from producers.jetbuilt import JetbuiltPoller
from producers.scheduler import Schedule, Scheduler
from producers.watermarks import Watermark

log = structlog.get_logger()


@asynccontextmanager
async def jetbuilt_poller(settings: Settings, redis: Redis) -> AsyncIterator[JetbuiltPoller]:
    """A poller on a connection whose keys are proven; raises SettingsError."""
    async with connections.open_jetbuilt(settings, redis) as client:
        yield JetbuiltPoller(
            client,
            Queue(redis, namespace=settings.namespace, settings=settings.queue),
            watermark=Watermark(redis, namespace=settings.namespace, name="jetbuilt"),
            sightings=Sightings(redis, namespace=settings.namespace),
            links=Links(redis, namespace=settings.namespace),
            overlap=settings.jetbuilt.poll_overlap,
        )


@asynccontextmanager
async def connectwise_poller(settings: Settings, redis: Redis) -> AsyncIterator[ConnectWisePoller]:
    """A poller of ConnectWise on a connection whose keys are proven; raises SettingsError."""
    namespace = settings.namespace
    async with connections.open_connectwise(settings, redis) as client:
        yield ConnectWisePoller(
            client,
            Queue(redis, namespace=namespace, settings=settings.queue),
            redis,
            watermark=Watermark(redis, namespace=namespace, name="connectwise"),
            sightings=Sightings(redis, namespace=namespace),
            links=Links(redis, namespace=namespace),
            catalog=CatalogCache(redis, namespace=namespace, cache_ttl=settings.catalog.cache_ttl),
            overlap=settings.connectwise.poll_overlap,
        )


async def serve(settings: Settings, redis: Redis, stop: asyncio.Event) -> None:
    """Poll on schedule until `stop`; a poll under way is cancelled, because the next one reads the same again."""
    async with AsyncExitStack() as opened:
        schedules = await _schedules(settings, redis, opened)
        locker = locks.Locks(redis, namespace=settings.namespace)
        scheduler = Scheduler(redis, locker, namespace=settings.namespace)
        log.info("producers_started", schedules=[schedule.name for schedule in schedules])
        running = asyncio.create_task(scheduler.run(schedules))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            await concurrency.end(running, stopping)
            log.info("producers_stopped")


async def _schedules(settings: Settings, redis: Redis, opened: AsyncExitStack) -> list[Schedule]:
    """What to do how often; a system that is switched off is not polled."""
    source = await opened.enter_async_context(jetbuilt_poller(settings, redis))
    schedules = [
        Schedule("jetbuilt_poll", settings.jetbuilt.poll_interval, source.poll),
        Schedule(
            "jetbuilt_full_sync", settings.jetbuilt.full_sync_interval, source.full_sync, starts_late=True
        ),
    ]
    if settings.connectwise.switched_on:
        target = await opened.enter_async_context(connectwise_poller(settings, redis))
        schedules.append(Schedule("connectwise_poll", settings.connectwise.poll_interval, target.poll))
    schedules.append(await _refused_again(settings, redis))
    return schedules


async def _refused_again(settings: Settings, redis: Redis) -> Schedule:
    """Jobs that were refused are tried again now and then, and right now when the settings changed."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    again = DeadLetterRetry(queue, redis, namespace=settings.namespace)
    await again.after_new_settings(settings)
    return Schedule(
        "dead_letter_retry", settings.queue.dead_letter_retry_interval, again.try_again, starts_late=True
    )
