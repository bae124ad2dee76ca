"""The queue of a test, from the side of the daemon, and failures its jobs end in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from cwbridge import errors
from cwbridge import redis as redis_module
from cwbridge.queue import outcome
from cwbridge.queue.job import Delivery, Enqueue, Job, Run
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


FLOWS = ("opportunity",)


def key(number: int) -> str:
    return f"jetbuilt/project/{number}"


async def claimed(
    queue: Queue, slots: int, *, flows: Sequence[str] = FLOWS, arq_queue: str = ""
) -> list[Delivery]:
    """What a worker with so many free slots claims, for whichever keys come first."""
    claim = await queue.claim(FreeSlots.of(slots, flows), arq_queue=arq_queue)
    return claim.deliveries


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
        """Each of these objects was enqueued, ran, and ended in its failure."""

        async def act(_: Redis, queue: Queue) -> None:
            await queue.enqueue(*(Enqueue(key(number), "opportunity") for number in failures))
            while found := await claimed(queue, 50):
                for delivery in found:
                    run = await queue.start(delivery.key, delivery.fencing_token)
                    assert run is not None
                    await queue.settle(run, outcome.of(failures[int(delivery.key.rsplit("/", 1)[1])]))

        self.do(act)

    def run_of(self, number: int) -> Run:
        async def act(_: Redis, queue: Queue) -> Run:
            [delivery] = await claimed(queue, 1)
            run = await queue.start(delivery.key, delivery.fencing_token)
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
