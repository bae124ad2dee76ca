"""The worker service: makes one object after another right until told to stop. The only module outside the port that meets arq."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from cwbridge import connections
from cwbridge.keys import Key
from cwbridge.ledger.history import Event, History
from cwbridge.queue import arq_port
from cwbridge.queue.job import Run
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Runner
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from worker.opportunity import assembly

log = structlog.get_logger()


async def serve(
    settings: Settings,
    redis: Redis,
    stop: asyncio.Event,
    *,
    on_event: Callable[[str, Event], None] | None = None,
) -> None:
    """Work until `stop`, then finish what is running within queue.shutdown_timeout; `on_event` hears what happened to each object.

    Raises SettingsError when a system is switched off or refuses our keys.
    """
    history = History(redis, namespace=settings.namespace, on_event=on_event)
    async with (
        connections.open_jetbuilt(settings, redis) as source,
        connections.open_connectwise(settings, redis) as target,
    ):
        flow = assembly.opportunity_flow(settings, redis, source, target, history)
        queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
        log.info("worker_started", concurrency=settings.queue.concurrency)

        async def handle(run: Run) -> None:
            await flow.handle(Key.parse(run.key))

        runner = Runner(queue, {"opportunity": handle})
        await arq_port.serve(redis, queue, runner, stop=stop)
        log.info("worker_stopped")
