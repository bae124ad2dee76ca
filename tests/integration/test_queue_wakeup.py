"""Idle workers sleep, and are woken by a message, a moment that was planned, or at the latest by their longest sleep."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from cwbridge import errors, wakeup
from cwbridge.queue import dispatcher, outcome
from cwbridge.queue.job import Claim, Delivery, Enqueue, Run
from cwbridge.queue.lanes import FreeSlots
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.support.jobs import FLOWS, claimed, key
from tests.support.serving import serving
from tests.support.until import until

KEY = key(1)
SETTINGS = QueueSettings(concurrency=4, debounce=timedelta(0))
ASLEEP_SECONDS = 3600.0


class Runs:
    def __init__(self) -> None:
        self.begun: list[Run] = []

    async def __call__(self, run: Run) -> None:
        self.begun.append(run)


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=SETTINGS)


@pytest.fixture
def _sleeps_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a message or a planned moment can wake a worker within the time of a test."""
    monkeypatch.setattr(dispatcher, "LONGEST_SLEEP_SECONDS", ASLEEP_SECONDS)


@contextlib.asynccontextmanager
async def asleep(redis: Redis, queue: Queue, runs: Runs) -> AsyncIterator[None]:
    """A worker that listens and has nothing to do."""
    channel = f"{queue.namespace}:wake"

    async def listens() -> bool:
        [(_, listeners)] = await redis.pubsub_numsub(channel)
        return bool(listeners)

    async with serving(redis, queue, runs):
        await until(listens, what="the worker listens")
        await queue.enqueue(Enqueue(key(99), "opportunity"))
        await until(lambda: runs.begun, what="the worker is awake")
        runs.begun.clear()
        yield


async def ready(queue: Queue) -> Run:
    [(name, fencing_token, *_)] = await claimed(queue, 1)
    run = await queue.start(name, fencing_token)
    assert run is not None
    return run


@pytest.mark.usefixtures("_sleeps_long")
async def test_an_enqueue_wakes_a_worker(queue: Queue, redis: Redis) -> None:
    lasting = SETTINGS.model_copy(update={"lease_duration": timedelta(seconds=ASLEEP_SECONDS)})
    queue = Queue(redis, namespace=queue.namespace, settings=lasting)
    runs = Runs()
    async with asleep(redis, queue, runs):
        await queue.enqueue(Enqueue(KEY, "opportunity"))
        await until(lambda: runs.begun, what="the run has begun", within=5)


@pytest.mark.usefixtures("_sleeps_long")
async def test_a_worker_wakes_when_a_debounce_is_over(queue: Queue, redis: Redis) -> None:
    lasting = {"lease_duration": timedelta(seconds=ASLEEP_SECONDS)}
    quick = Queue(redis, namespace=queue.namespace, settings=SETTINGS.model_copy(update=lasting))
    patient = SETTINGS.model_copy(update={**lasting, "debounce": timedelta(milliseconds=300)})
    runs = Runs()
    async with asleep(redis, quick, runs):
        await Queue(redis, namespace=queue.namespace, settings=patient).enqueue(Enqueue(KEY, "opportunity"))
        await until(lambda: runs.begun, what="the run has begun", within=5)
    [run] = runs.begun
    assert run.started_ms >= run.due_ms


@pytest.mark.usefixtures("_sleeps_long")
async def test_a_message_that_overtakes_the_answer_of_the_first_claim_wakes_a_worker(
    redis: Redis, namespace: str
) -> None:
    started: list[Delivery] = []

    class Overtaken(Queue):
        async def claim(self, free_slots: FreeSlots, *, arq_queue: str = "") -> Claim:
            claim = await super().claim(free_slots, arq_queue=arq_queue)
            if not started:
                await self.enqueue(Enqueue(KEY, "opportunity"))
                dispatcher_.due_at(claim.now_ms)
            return claim

    async def start(deliveries: Sequence[Delivery]) -> None:
        started.extend(deliveries)

    lasting = SETTINGS.model_copy(update={"lease_duration": timedelta(seconds=ASLEEP_SECONDS)})
    queue = Overtaken(redis, namespace=namespace, settings=lasting)
    dispatcher_ = dispatcher.Dispatcher(queue, start, flows=FLOWS, arq_queue=f"{namespace}:arq")
    dispatching = asyncio.create_task(dispatcher_.run())
    await until(lambda: started, what="the key is started", within=5)
    dispatching.cancel()
    await asyncio.wait({dispatching})


@pytest.mark.parametrize("by", ["requeue", "release", "wake", "reclaim"])
async def test_whatever_makes_a_key_due_is_announced(queue: Queue, redis: Redis, by: str) -> None:
    heard: list[int] = []
    listening = asyncio.create_task(wakeup.listen(redis, f"{queue.namespace}:wake", heard.append))
    await until(lambda: heard == [0], what="the subscription is confirmed")
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    await until(lambda: len(heard) == 2, what="the enqueue is announced")
    match by:
        case "requeue":
            await queue.requeue(KEY)
        case "release":
            await queue.hold(KEY)
            await queue.release(KEY)
        case "wake":
            await queue.settle(await ready(queue), outcome.of(errors.Throttled("pause", seconds=3600)))
            await until(lambda: len(heard) == 3, what="the wait is announced")
            heard.pop()
            await queue.wake(KEY)
        case "reclaim":
            await ready(queue)
            await redis.zadd(f"{queue.namespace}:leases", {KEY: 1})
            await queue.reclaim()
    await until(lambda: len(heard) == 3, what="it is announced")
    now_ms = (await queue.counts()).now_ms
    assert heard[0] == 0
    assert all(now_ms - 60_000 < moment <= now_ms for moment in heard[1:])
    listening.cancel()
    await asyncio.wait({listening})


async def test_many_enqueues_are_one_message(queue: Queue, redis: Redis) -> None:
    heard: list[int] = []
    listening = asyncio.create_task(wakeup.listen(redis, f"{queue.namespace}:wake", heard.append))
    await until(lambda: heard, what="the subscription is confirmed")
    await queue.enqueue(*(Enqueue(key(number), "opportunity") for number in range(400)))
    await redis.publish(f"{queue.namespace}:wake", "7")
    await until(lambda: 7 in heard, what="the last message came")
    assert len(heard) == 3
    listening.cancel()
    await asyncio.wait({listening})


async def test_a_lost_message_costs_no_more_than_the_longest_sleep(
    queue: Queue, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(wakeup, "listen", deaf)
    monkeypatch.setattr(dispatcher, "LONGEST_SLEEP_SECONDS", 0.2)
    runs = Runs()
    async with serving(redis, queue, runs):
        for number in range(3):
            await queue.enqueue(Enqueue(key(number), "opportunity"))
            await until(lambda: len(runs.begun) == number + 1, what="the run has begun", within=5)  # noqa: B023


@pytest.mark.usefixtures("_sleeps_long")
async def test_a_connection_that_is_lost_is_made_again_and_counts_as_a_message(
    queue: Queue, redis: Redis
) -> None:
    lasting = SETTINGS.model_copy(update={"lease_duration": timedelta(seconds=ASLEEP_SECONDS)})
    queue = Queue(redis, namespace=queue.namespace, settings=lasting)
    runs = Runs()
    async with asleep(redis, queue, runs):
        for client in await redis.client_list():
            if client["sub"] != "0":
                await redis.client_kill_filter(_id=client["id"])
        # No listener gets the message.
        await queue.enqueue(Enqueue(KEY, "opportunity"))
        await until(lambda: runs.begun, what="the run has begun", within=10)
