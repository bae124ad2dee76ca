"""A task that talks to Redis ends when it is cancelled, in whatever moment that comes."""

from __future__ import annotations

import asyncio

from cwbridge import redis as redis_module


async def test_a_cancelled_task_ends_although_redis_answers_in_that_moment(redis_url: str) -> None:
    client = redis_module.connect(redis_url)

    async def talk() -> None:
        while True:
            await client.ping()

    for moment in range(300):
        task = asyncio.create_task(talk())
        for _ in range(5 + moment % 20):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=2)
        assert done, f"the cancellation after {5 + moment % 20} turns of the loop was swallowed"
        assert task.cancelled()
    await client.aclose()
