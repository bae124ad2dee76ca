"""What it costs to wait: many callers of several workers before a window that is full."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from cwbridge import redis as redis_module
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.redis import Redis
from tests.bench import figures
from tests.bench.test_queue import commands

pytestmark = pytest.mark.bench
WORKERS = 3
CALLERS = 24
SECONDS = 15.0
BOUND = 300


async def test_waiting_for_a_full_window(redis: Redis, redis_url: str, namespace: str) -> None:
    clients = [redis_module.connect(redis_url) for _ in range(WORKERS)]
    limiters = [
        Limiter(client, namespace=namespace, system="full", rate=Rate(30, 60.0), concurrency=6)
        for client in clients
    ]

    async def call(limiter: Limiter) -> None:
        while True:
            async with limiter.slot():
                await asyncio.sleep(0.01)

    calling = [asyncio.create_task(call(limiter)) for limiter in limiters for _ in range(CALLERS)]
    # The window of a minute is used up in the first moments.
    await asyncio.sleep(5)
    began, before = time.monotonic(), await commands(redis)
    await asyncio.sleep(SECONDS)
    used = (await commands(redis) - before) / (time.monotonic() - began)
    for task in calling:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*calling)
    await asyncio.gather(*(limiter.close() for limiter in limiters))
    await asyncio.gather(*(client.aclose() for client in clients))
    figures.note("waiting for a window", f"{used:.0f}", reached=used < BOUND)
    assert used < BOUND
