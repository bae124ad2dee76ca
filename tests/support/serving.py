"""A worker's service in this process while the body of a test runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from cwbridge.queue import arq_port
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Handler, Runner
from cwbridge.redis import Redis
from tests.support.jobs import FLOWS


@contextlib.asynccontextmanager
async def serving(
    redis: Redis, queue: Queue, handler: Handler, *, flows: Sequence[str] = FLOWS
) -> AsyncIterator[asyncio.Event]:
    """Gives the event that asks it to stop; afterwards it has stopped."""
    stop = asyncio.Event()
    runner = Runner(queue, dict.fromkeys(flows, handler))
    task = asyncio.create_task(arq_port.serve(redis, queue, runner, stop=stop))
    try:
        yield stop
    finally:
        stop.set()
        await task
