"""The worker service: syncs the objects whose keys are due until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog

from cwbridge import connections
from cwbridge.flow import FlowContext, Flows
from cwbridge.ledger.history import Event
from cwbridge.queue import arq_port
from cwbridge.queue.runner import Handler, Runner
from cwbridge.redis import Redis
from cwbridge.settings import Settings

log = structlog.get_logger(__name__)


async def serve(
    settings: Settings,
    redis: Redis,
    stop: asyncio.Event,
    *,
    flows: Flows,
    on_event: Callable[[str, Event], None] | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Work until `stop`, then finish what is running within queue.shutdown_timeout; `on_event` is called with each event.

    `on_ready` is called when the credentials of all systems are proven and work begins.

    Raises SettingsError when the credentials of a system are missing or refused.
    """
    async with AsyncExitStack() as opened:
        systems = [system for flow in flows for system in flow.systems]
        clients = await opened.enter_async_context(connections.open_all(settings, redis, systems))
        context = FlowContext.over(settings, redis, clients, on_event=on_event)
        handlers: dict[str, Handler] = {
            flow.name: await opened.enter_async_context(flow.open_handler(context)) for flow in flows
        }
        log.info("worker_started", flows=list(handlers), concurrency=settings.queue.concurrency)
        on_ready()
        await arq_port.serve(redis, context.queue, Runner(context.queue, handlers), stop=stop)
        log.info("worker_stopped")
