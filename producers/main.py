"""The producers service: polls the sources and enqueues keys until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from cwbridge import locks, systems
from cwbridge.ledger.sightings import Sightings
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers.jetbuilt import JetbuiltPoller
from producers.scheduler import Schedule, Scheduler
from producers.watermarks import Watermark

log = structlog.get_logger()


@asynccontextmanager
async def jetbuilt_poller(settings: Settings, redis: Redis) -> AsyncIterator[JetbuiltPoller]:
    """A poller on a connection whose keys are proven; raises SettingsError."""
    async with systems.open_jetbuilt(settings, redis) as client:
        yield JetbuiltPoller(
            client,
            Queue(redis, namespace=settings.namespace, settings=settings.queue),
            watermark=Watermark(redis, namespace=settings.namespace, name="jetbuilt"),
            sightings=Sightings(redis, namespace=settings.namespace),
            overlap=settings.jetbuilt.poll_overlap,
        )


async def serve(settings: Settings, redis: Redis, stop: asyncio.Event) -> None:
    """Poll on schedule until `stop`; a poll under way is cancelled, because the next one reads the same again."""
    async with jetbuilt_poller(settings, redis) as poller:
        schedules = (
            Schedule("jetbuilt_poll", settings.jetbuilt.poll_interval, poller.poll),
            Schedule(
                "jetbuilt_full_pass", settings.jetbuilt.full_pass_interval, poller.full_pass, starts_late=True
            ),
        )
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
            running.cancel()
            stopping.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)
            log.info("producers_stopped")
