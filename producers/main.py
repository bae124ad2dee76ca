"""The producers service: polls the sources of the flows that are switched on, and enqueues keys until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog

from cwbridge import concurrency, connections, locks
from cwbridge.flow import FlowContext, Flows, Schedule
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers.dead_letters import DeadLetterRetry
from producers.scheduler import Scheduler

log = structlog.get_logger(__name__)


async def serve(
    settings: Settings,
    redis: Redis,
    stop: asyncio.Event,
    *,
    flows: Flows,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Poll on schedule until `stop`; a poll under way is cancelled, because the next poll reads the same again.

    `on_ready` is called when the credentials of all systems are proven and polling begins.

    Raises SettingsError when the credentials of a system are missing or refused.
    """
    async with AsyncExitStack() as opened:
        schedules = await _schedules(settings, redis, flows, opened)
        locker = locks.Locks(redis, namespace=settings.namespace)
        scheduler = Scheduler(redis, locker, namespace=settings.namespace)
        log.info("producers_started", schedules=[schedule.name for schedule in schedules])
        on_ready()
        running = asyncio.create_task(scheduler.run(schedules))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            await concurrency.end(running, stopping)
            log.info("producers_stopped")


async def _schedules(
    settings: Settings, redis: Redis, flows: Flows, opened: AsyncExitStack
) -> list[Schedule]:
    """The schedules of every flow, and the retry of dead letters."""
    systems = [system for one in flows.registrations.values() for system in one.source.systems]
    clients = await opened.enter_async_context(connections.open_all(settings, redis, systems))
    context = FlowContext.over(settings, redis, clients)
    schedules: list[Schedule] = []
    for one in flows.registrations.values():
        poller = await opened.enter_async_context(one.source.open(context, one.flow))
        schedules += poller.schedules()
    schedules.append(await _dead_letter_retry(settings, redis, flows))
    return schedules


async def _dead_letter_retry(settings: Settings, redis: Redis, flows: Flows) -> Schedule:
    """The schedule that requeues dead jobs; requeues them at once when the settings have changed."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    tables = {table.table for table in flows.tables}
    retry = DeadLetterRetry(queue, redis, namespace=settings.namespace, settings_tables=tables)
    await retry.after_new_settings(settings)
    return Schedule(
        "dead_letter_retry", settings.queue.dead_letter_retry_interval, retry.try_again, starts_late=True
    )
