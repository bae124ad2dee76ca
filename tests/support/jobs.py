"""The queue of a test, from the side of the daemon, and troubles its jobs end in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from cwbridge import errors
from cwbridge import redis as redis_module
from cwbridge.queue import outcome
from cwbridge.queue.job import Enqueue, Job, Run
from cwbridge.queue.lanes import FreeSlots
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.support.commands import Ended

T = TypeVar("T")
RACK = errors.MappingRefused("Sub-category [bold]Rack is missing", detail="item 7", remedy="Create it.")
SCREEN = errors.MappingRefused("Sub-category Screen is missing", remedy="Create it.")
AUDIT = errors.InventoryLocked("Inventory auditing is on", seconds=3600)
TRACED = ZeroDivisionError("division by zero")
Command = Callable[..., Ended]


def key(number: int) -> str:
    return f"jetbuilt/project/{number}"


class Store:
    """The same Redis as the command's, from the side of the daemon."""

    def __init__(self, url: str, namespace: str) -> None:
        self._url = url
        self.namespace = namespace

    def do(self, act: Callable[[Redis, Queue], Awaitable[T]]) -> T:
        async def with_client() -> T:
            client = redis_module.connect(self._url)
            try:
                quick = QueueSettings(debounce=timedelta(0))
                return await act(client, Queue(client, namespace=self.namespace, settings=quick))
            finally:
                await client.aclose()

        return asyncio.run(with_client())

    def ended(self, failures: dict[int, Exception]) -> None:
        """Each of these objects was wanted, ran, and ended in its trouble."""

        async def act(_: Redis, queue: Queue) -> None:
            await queue.enqueue(*(Enqueue(key(number)) for number in failures))
            while claimed := await queue.claim(FreeSlots.of(50)):
                for name, fencing_token, _lane in claimed:
                    run = await queue.start(name, fencing_token)
                    assert run is not None
                    await queue.settle(run, outcome.of(failures[int(name.rsplit("/", 1)[1])]))

        self.do(act)

    def run_of(self, number: int) -> Run:
        async def act(_: Redis, queue: Queue) -> Run:
            [(name, fencing_token, _lane)] = await queue.claim(FreeSlots.of(1))
            run = await queue.start(name, fencing_token)
            assert run is not None
            assert run.key == key(number)
            return run

        return self.do(act)

    def job(self, number: int) -> Job:
        async def act(_: Redis, queue: Queue) -> Job | None:
            return await queue.job(key(number))

        found = self.do(act)
        assert found is not None
        return found

    def states(self) -> dict[int, str]:
        async def act(_: Redis, queue: Queue) -> list[Job]:
            return await queue.jobs()

        return {int(job.key.rsplit("/", 1)[1]): job.state for job in self.do(act)}
