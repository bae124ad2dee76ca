"""Refused jobs run again by themselves, and refused credentials put a system on hold instead of failing its jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from console import flows
from cwbridge import errors
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.queue import outcome
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue
from cwbridge.queue.outcome import DeadLettered, Outcome, Retried
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from producers import main as producers
from producers.dead_letters import DeadLetterRetry
from sandbox.faults import FaultRule
from tests.support.bench import Bench
from tests.support.configured import configured
from tests.support.jobs import claimed
from tests.support.until import until
from worker import main as worker

REFUSED = DeadLettered(Failure.of(errors.MappingRefused("Sub-category Rack is missing")))
BUG = DeadLettered(Failure.of(ZeroDivisionError()))
POISON = DeadLettered(Failure.of_crashes(3))
TIRED = Retried(Failure.of(errors.ServerFailed("ConnectWise answered 503")))
CALLS_AT_ONCE = 2
TABLES = frozenset({"connectwise", "opportunity", "defaults", "catalog", "jetbuilt"})


def key(number: int) -> str:
    return f"jetbuilt/project/{number}"


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=QueueSettings(debounce=timedelta(0), max_attempts=1))


async def ended(queue: Queue, *outcomes: Outcome) -> None:
    """Objects 1, 2, 3... were wanted and ended so."""
    for number, end in enumerate(outcomes, start=1):
        await queue.enqueue(Enqueue(key(number), "opportunity"))
        [(name, fencing_token, *_)] = await claimed(queue, 1)
        run = await queue.start(name, fencing_token)
        assert run is not None
        await queue.settle(run, end)


async def states(queue: Queue) -> dict[str, str]:
    return {job.key: job.state for job in await queue.jobs()}


async def test_what_was_refused_or_failed_too_often_is_tried_again_and_nothing_else(
    queue: Queue, redis: Redis, namespace: str
) -> None:
    await ended(queue, REFUSED, BUG, POISON, TIRED, REFUSED)
    await queue.hold(key(5))
    before = await queue.job(key(1))
    again = DeadLetterRetry(queue, redis, namespace=namespace, settings_tables=TABLES)
    assert await again.try_again() == 2
    assert await states(queue) == {
        key(1): "due",
        key(2): "dead",
        key(3): "dead",
        key(4): "due",
        key(5): "held",
    }
    job = await queue.job(key(1))
    assert job is not None
    assert before is not None
    assert (job.lane, job.attempts, job.since_ms) == ("backlog", 0, before.since_ms)
    assert await again.try_again() == 0


async def test_new_settings_are_a_reason_to_try_again_and_the_same_are_not(
    queue: Queue, redis: Redis, namespace: str
) -> None:
    await ended(queue, REFUSED)
    again = DeadLetterRetry(queue, redis, namespace=namespace, settings_tables=TABLES)
    assert await again.after_new_settings(configured()) == 0
    assert await again.after_new_settings(configured(log={"level": "debug"})) == 0
    renamed = configured(catalog={"category": "Racks"}, connectwise={"private_key": "never-kept"})
    assert await again.after_new_settings(renamed) == 1
    assert await again.after_new_settings(renamed) == 0
    assert b"never-kept" not in await redis.get(f"{namespace}:settings")


async def test_the_producers_try_refused_jobs_again_on_schedule(bench: Bench) -> None:
    bench.changes = {"queue": {"dead_letter_retry_interval": "1s", "debounce": "0ms"}}
    await ended(bench.queue, REFUSED, BUG)
    stop = asyncio.Event()
    serving = asyncio.create_task(
        producers.serve(bench.settings(), bench.redis, stop, flows=flows.registered().on(bench.settings()))
    )

    async def tried_again() -> bool:
        return (await states(bench.queue)).get(key(1)) == "due"

    try:
        await until(tried_again, what="the refused job is due again")
        assert (await states(bench.queue))[key(2)] == "dead"
    finally:
        stop.set()
        await serving


def test_the_job_that_notices_the_refusal_waits_like_all_the_others() -> None:
    met = outcome.of(errors.AuthenticationRefused("ConnectWise refused the credentials", detail="GET /x"))
    assert isinstance(met, outcome.Deferred)
    assert met.failure is not None
    assert (met.failure.work_class, met.failure.error) == ("wait", "SystemOnHold")


@asynccontextmanager
async def working(bench: Bench) -> AsyncIterator[None]:
    stop = asyncio.Event()
    serving = asyncio.create_task(
        worker.serve(bench.settings(), bench.redis, stop, flows=flows.registered().on(bench.settings()))
    )
    try:
        yield
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await serving


async def test_refused_credentials_hold_all_jobs_of_the_system_and_are_logged_once(bench: Bench) -> None:
    bench.changes = {"connectwise": {"rate_limit": "5000/1s", "concurrency": CALLS_AT_ONCE}}
    keys = [key(family) for family in bench.families()]
    holds = SystemHolds(bench.redis, namespace=bench.namespace)

    async def all_wait() -> bool:
        jobs = [await bench.job(name) for name in keys]
        return all(job is not None and job.state == "waiting" for job in jobs)

    async def all_settled() -> bool:
        return await bench.queue.jobs() == []

    with capture_logs() as said:
        async with working(bench):
            await until(
                lambda: [one for one in said if one["event"] == "worker_started"], what="the worker works"
            )
            bench.forget_calls()
            bench.box.connectwise_faults.add(FaultRule(name="keys", action="fail", status=401))
            await bench.queue.enqueue(*(Enqueue(name, "opportunity", lane="interactive") for name in keys))
            await until(all_wait, what="all jobs wait")
            first = bench.box.connectwise_faults.hits("keys")
            assert first <= CALLS_AT_ONCE
            assert list(await holds.all()) == ["connectwise"]
            await bench.queue.requeue(*keys)
            await until(all_wait, what="all jobs wait again")
            jobs = [job for job in await bench.queue.jobs() if job.failure is not None]
            assert {(job.failure.error, job.failure.cause) for job in jobs if job.failure is not None} == {
                ("SystemOnHold", "ConnectWise refused the credentials")
            }
            assert {job.attempts for job in jobs} == {0}
            since = await holds.all()
            await _hold_ends(bench)
            await bench.queue.requeue(*keys)
            await until(all_wait, what="all jobs wait once more")
            assert bench.box.connectwise_faults.hits("keys") > first
            assert await holds.all() == since
            bench.box.connectwise_faults.clear("keys")
            await _hold_ends(bench)
            await bench.queue.requeue(*keys)
            await until(all_settled, what="all jobs are settled")
            assert await holds.all() == {}
    assert len(bench.books.opportunities()) >= len(keys)
    told = [one["event"] for one in said if one["event"] in {"system_on_hold", "system_resumed"}]
    assert told == ["system_on_hold", "system_resumed"]


async def _hold_ends(bench: Bench) -> None:
    """As if the minute were over."""
    limiter = Limiter(
        bench.redis,
        namespace=bench.namespace,
        system="connectwise",
        rate=Rate(5000),
        concurrency=CALLS_AT_ONCE,
    )
    await limiter.clear_hold()
