"""Runner, lease, dispatcher and arq together: what becomes of a job, whatever its handler, its worker or Redis do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import arq.constants
import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError

from cwbridge import errors
from cwbridge import redis as redis_module
from cwbridge.connectors import write_guard
from cwbridge.embedded_redis import EmbeddedRedis
from cwbridge.limits import lane
from cwbridge.queue import arq_port, arq_worker
from cwbridge.queue.job import Enqueue, Job, Run
from cwbridge.queue.outcome import Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Handler, Runner
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.support.jobs import claimed
from tests.support.serving import serving

KEY = "jetbuilt/project/1"
QUICK = QueueSettings(
    concurrency=4,
    debounce=timedelta(0),
    lease_duration=timedelta(milliseconds=300),
    max_attempts=2,
    backoff_base=timedelta(0),
    max_crashes=2,
    shutdown_timeout=timedelta(seconds=2),
)


class Handling:
    """A handler that notes what it was asked to do, and does what the test wants."""

    def __init__(self, does: Callable[[Run], Awaitable[None]] | None = None) -> None:
        self.seen: list[str] = []
        self._does = does

    async def __call__(self, run: Run) -> None:
        self.seen.append(run.key)
        if self._does is not None:
            await self._does(run)


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=QUICK)


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is awaited happens in Redis
            await asyncio.sleep(0.01)


async def run_once(queue: Queue, handler: Handler) -> Job | None:
    """What is left of the job after one run."""
    [(key, fencing_token, *_)] = await claimed(queue, 1)
    await Runner(queue, {"opportunity": handler}).run(key, fencing_token)
    return await queue.job(key)


async def raising(queue: Queue, error: BaseException) -> Job:
    """The job whose run raised."""

    async def fail(_run: Run) -> None:
        raise error

    await queue.enqueue(Enqueue(KEY, "opportunity"))
    job = await run_once(queue, fail)
    assert job is not None
    return job


async def test_waits_are_deferred(queue: Queue) -> None:
    job = await raising(queue, errors.InventoryLocked("auditing is on", seconds=60))
    assert (job.state, job.attempts, job.waits) == ("waiting", 0, 1)
    assert job.failure is not None
    assert (job.failure.error, job.failure.cause) == ("InventoryLocked", "auditing is on")


async def test_retries_end_as_a_dead_letter_with_the_real_cause(queue: Queue) -> None:
    first = await raising(queue, errors.ServerFailed("ConnectWise answered 502"))
    assert (first.state, first.reason, first.attempts) == ("due", "retry", 1)
    job = await raising(queue, errors.Unreachable("no connection"))
    assert (job.state, job.attempts) == ("dead", 2)
    assert job.failure is not None
    assert (job.failure.work_class, job.failure.cause) == ("retry", "no connection")


async def test_a_refusal_is_dead_at_once_with_its_remedy(queue: Queue) -> None:
    job = await raising(queue, errors.MappingRefused("category Rack missing"))
    assert job.state == "dead"
    assert job.failure is not None
    assert job.failure.remedy == errors.MappingRefused.remedy_by_default


async def test_anything_else_is_a_bug_kept_with_its_trace(queue: Queue) -> None:
    await raising(queue, ZeroDivisionError("by nothing"))
    [job] = await queue.jobs(state="dead")
    assert job.failure is not None
    assert (job.failure.work_class, job.failure.error) == ("bug", "ZeroDivisionError")
    assert "by nothing" in job.failure.trace
    assert "report it" in job.failure.remedy


@pytest.mark.parametrize("error", [RedisConnectionError("gone"), errors.StoreUnavailable("gone")])
async def test_a_failure_of_redis_costs_no_attempt(queue: Queue, error: Exception) -> None:
    job = await raising(queue, error)
    assert (job.state, job.attempts, job.waits) == ("waiting", 0, 1)
    assert 0 < job.due_ms - (await queue.counts()).now_ms <= 5_000


async def test_of_several_errors_the_worst_decides(queue: Queue) -> None:
    group = ExceptionGroup(
        "apply", [errors.Throttled("pause"), ExceptionGroup("", [errors.ValueRefused("no such unit")])]
    )
    await raising(queue, group)
    [job] = await queue.jobs(state="dead")
    assert job.failure is not None
    assert job.failure.error == "ValueRefused"


async def test_a_handler_that_cancels_itself_is_not_run_without_end(queue: Queue) -> None:
    assert (await raising(queue, asyncio.CancelledError())).state == "dead"


async def test_the_runner_never_raises(queue: Queue, redis: Redis, namespace: str) -> None:
    async def broken(run: Run) -> None:
        raise RuntimeError(run.key)

    await queue.enqueue(Enqueue("any text", "opportunity"), Enqueue(KEY, "opportunity"))
    runner = Runner(queue, {"opportunity": broken})
    for key, fencing_token, *_ in await claimed(queue, 2):
        await runner.run(key, fencing_token)
    await runner.run(KEY, 12345)
    assert [job.state for job in await queue.jobs()] == ["dead", "dead"]

    nowhere = redis_module.connect("unix:///nonexistent/redis.sock", patient=False)
    away = Queue(nowhere, namespace=namespace, settings=QUICK)
    await Runner(away, {}).run(KEY, 1)
    await nowhere.aclose()


async def test_a_handler_knows_its_run_its_lane_and_its_guard(queue: Queue) -> None:
    async def look(run: Run) -> None:
        assert (run.key, run.flow, run.mode) == (KEY, "opportunity", "verify")
        assert run.lane == lane.CURRENT.get() == "interactive"
        write_guard.check()

    await queue.enqueue(Enqueue(KEY, "opportunity", lane="interactive", mode="verify"))
    assert await run_once(queue, look) is None
    assert write_guard.CURRENT.get() is None


async def test_a_handler_is_cancelled_and_forbidden_to_write_when_its_lease_is_taken(queue: Queue) -> None:
    verdicts: list[str] = []

    async def long_run(_run: Run) -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            with pytest.raises(errors.LeaseLost):
                write_guard.check()
            verdicts.append("cancelled")
            raise

    await queue.enqueue(Enqueue(KEY, "opportunity"))
    [(key, fencing_token, *_)] = await claimed(queue, 1)
    running = asyncio.create_task(Runner(queue, {"opportunity": long_run}).run(key, fencing_token))

    async def is_running() -> bool:
        return (await queue.counts()).running == 1

    await until(is_running)
    # Another delivery has it: its lease is ended by hand and it is claimed and started again.
    await queue._redis.zadd(f"{queue.namespace}:leases", {KEY: 1})
    await queue.reclaim()
    [(_, other_fencing_token, *_)] = await claimed(queue, 1)
    other = await queue.start(KEY, other_fencing_token)
    assert other is not None
    await asyncio.wait_for(running, 2)
    assert verdicts == ["cancelled"]
    assert await queue.settle(other, Succeeded()) != "gone", "a write of the first run may arrive late"
    job = await queue.job(KEY)
    assert job is not None
    assert job.mode == "verify"


async def test_a_long_run_keeps_its_lease(queue: Queue) -> None:
    async def long_run(_run: Run) -> None:
        for _ in range(8):
            await asyncio.sleep(0.1)
            write_guard.check()
            assert await queue.reclaim() == 0

    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert await run_once(queue, long_run) is None


async def test_edits_during_runs_reach_the_handler_through_arq(queue: Queue, redis: Redis) -> None:
    async def edit_once(_run: Run) -> None:
        if len(handling.seen) == 1:
            await queue.enqueue(Enqueue(KEY, "opportunity"))

    handling = Handling(edit_once)

    async def settled() -> bool:
        return len(handling.seen) >= 2 and await queue.job(KEY) is None

    async with serving(redis, queue, handling):
        await queue.enqueue(Enqueue(KEY, "opportunity"))
        await until(settled)
    assert handling.seen == [KEY, KEY]


async def test_many_jobs_are_each_run_once_and_leave_nothing_behind(redis: Redis, namespace: str) -> None:
    patient = QUICK.model_copy(update={"lease_duration": timedelta(seconds=60)})
    queue = Queue(redis, namespace=namespace, settings=patient)
    handling = Handling()
    names = [f"jetbuilt/project/{number}" for number in range(1, 61)]

    async def all_settled() -> bool:
        return len(handling.seen) >= 60 and (await queue.counts()).active == 0

    await queue.enqueue(*(Enqueue(name, "opportunity", lane="backlog") for name in names))
    async with serving(redis, queue, handling), serving(redis, queue, handling):
        await until(all_settled)
    assert sorted(handling.seen) == sorted(names)
    left = {name.decode().removeprefix(f"{namespace}:") async for name in redis.scan_iter(f"{namespace}:*")}
    assert left == {"fencing_token", "flows", "turns"}
    assert [name async for name in redis.scan_iter(f"arq:*{namespace}*")] == []


async def test_a_person_waits_for_no_more_than_the_slots_in_use(queue: Queue, redis: Redis) -> None:
    async def brief(_run: Run) -> None:
        await asyncio.sleep(0.02)

    handling = Handling(brief)
    person = "jetbuilt/project/99999"

    async def busy() -> bool:
        return len(handling.seen) >= 5

    async def served() -> bool:
        return person in handling.seen

    await queue.enqueue(
        *(Enqueue(f"jetbuilt/project/{number}", "opportunity", lane="backlog") for number in range(1, 2001))
    )
    async with serving(redis, queue, handling):
        await until(busy)
        before = len(handling.seen)
        await queue.enqueue(Enqueue(person, "opportunity", lane="interactive"))
        await until(served)
        assert handling.seen.index(person) - before <= 2 * QUICK.concurrency


async def test_stopping_lets_runs_end_and_takes_no_new_ones(queue: Queue, redis: Redis) -> None:
    ends: list[str] = []

    async def half_a_second(run: Run) -> None:
        await asyncio.sleep(0.4)
        ends.append(run.key)

    handling = Handling(half_a_second)

    async def all_slots_taken() -> bool:
        return len(handling.seen) == QUICK.concurrency

    await queue.enqueue(
        *(Enqueue(f"jetbuilt/project/{number}", "opportunity", lane="interactive") for number in range(1, 11))
    )
    async with serving(redis, queue, handling):
        await until(all_slots_taken)
    assert sorted(ends) == sorted(handling.seen)
    assert len(ends) == QUICK.concurrency
    counts = await queue.counts()
    assert (counts.due, counts.dispatched, counts.running) == (10 - QUICK.concurrency, 0, 0)


async def test_stopping_gives_back_what_was_delivered_but_not_begun(redis: Redis, namespace: str) -> None:
    # Long leases, so that nothing is taken back by itself while a slow machine looks.
    patient = QUICK.model_copy(update={"lease_duration": timedelta(seconds=60)})
    queue = Queue(redis, namespace=namespace, settings=patient)

    async def delivered() -> bool:
        return len([name async for name in redis.scan_iter(f"arq:job:{namespace}*")]) == QUICK.concurrency

    await queue.enqueue(
        *(Enqueue(f"jetbuilt/project/{number}", "opportunity", lane="interactive") for number in range(1, 7))
    )
    # Neither loop of it runs, so what is claimed for it stays in its arq queue.
    service = arq_port.Service(redis, queue, Runner(queue, {}))
    await claimed(queue, QUICK.concurrency, arq_queue=service.arq_queue)
    assert await delivered()
    await service.shut_down(0)
    counts = await queue.counts()
    assert (counts.due, counts.dispatched) == (6, 0)
    assert [name async for name in redis.scan_iter(f"arq:*{namespace}*")] == []


async def test_what_does_not_end_in_time_is_broken_off_and_due_at_once(redis: Redis, namespace: str) -> None:
    hasty = QUICK.model_copy(update={"shutdown_timeout": timedelta(milliseconds=50)})
    queue = Queue(redis, namespace=namespace, settings=hasty)

    async def for_ever(_run: Run) -> None:
        await asyncio.sleep(60)

    handling = Handling(for_ever)

    async def begun() -> bool:
        return bool(handling.seen)

    await queue.enqueue(Enqueue(KEY, "opportunity"))
    async with serving(redis, queue, handling):
        await until(begun)
    job = await queue.job(KEY)
    assert job is not None
    assert (job.state, job.attempts, job.crashes, job.waits) == ("due", 0, 0, 0)


async def test_the_loop_survives_a_stop_and_start_of_redis(tmp_path: Path, namespace: str) -> None:
    server = EmbeddedRedis(tmp_path)
    url = await server.__aenter__()
    # Impatient on purpose: every error of the outage reaches arq's loop and the dispatcher.
    client = redis_module.connect(url, patient=False)
    queue = Queue(client, namespace=namespace, settings=QUICK)
    handling = Handling()

    def handled(count: int) -> Callable[[], Awaitable[bool]]:
        async def reached() -> bool:
            return len(handling.seen) >= count

        return reached

    async with serving(client, queue, handling):
        await queue.enqueue(Enqueue("jetbuilt/project/1", "opportunity"))
        await until(handled(1))
        await server.__aexit__(None, None, None)
        with pytest.raises(redis.exceptions.RedisError):
            await client.ping()
        await asyncio.sleep(0.3)
        await server.__aenter__()
        await queue.enqueue(Enqueue("jetbuilt/project/2", "opportunity"))
        await until(handled(2))
    await client.aclose()
    await server.__aexit__(None, None, None)
    assert handling.seen == ["jetbuilt/project/1", "jetbuilt/project/2"]


def test_only_a_key_and_a_fencing_token_are_read_from_a_job() -> None:
    body: dict[str, Any] = {"t": None, "f": "run", "a": (KEY, 7), "k": {}, "et": 1}
    assert arq_worker.decode(arq_worker.encode(body)) == body
    for foreign in (
        b"\x80\x04K\x01.",
        b'{"f":"run","a":[],"k":{},"et":1}',
        b'{"f":"run","a":["k",1],"k":{"x":1},"et":1}',
    ):
        with pytest.raises(ValueError, match=r".+"):
            arq_worker.decode(foreign)
    with pytest.raises(ValueError, match="bytes"):
        arq_worker.decode(b" " * 70_000)


def test_the_scripts_remove_what_arq_calls_its_keys() -> None:
    script = (Path(arq_port.__file__).parent / "reclaim.lua").read_text()
    for prefix in (
        arq.constants.job_key_prefix,
        arq.constants.in_progress_key_prefix,
        arq.constants.retry_key_prefix,
    ):
        assert f"'{prefix}' .. id" in script
