"""Figures of the queue engine beside bare arq, measured in one run; `make bench` prints them.

What depends on the speed of the machine is compared with bare arq on the same machine; the absolute figures of docs are printed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import arq
import msgspec
import pytest

from cwbridge.flow import Schedule
from cwbridge.locks import Locks
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from producers.scheduler import Scheduler
from tests.bench import figures
from tests.support.serving import serving
from tests.support.until import until

pytestmark = pytest.mark.bench
WORKER = Path(__file__).with_name("queue_worker.py")
FLOWS = ("bench",)
SLOTS = 8
JOBS = 3_000
IDLE_SECONDS = 15.0
PICKED_UP = 100
SETTINGS = QueueSettings(concurrency=SLOTS, debounce=timedelta(0))


class Report(msgspec.Struct, frozen=True):
    """What a worker process says at its end."""

    runs: int
    first: float
    last: float
    cpu: float


class Throughput(msgspec.Struct, frozen=True):
    """No-op jobs a second of some worker processes together, and their processor time per job."""

    per_second: float
    cpu_us: float

    @classmethod
    def of(cls, reports: Sequence[Report]) -> Throughput:
        busy = [report for report in reports if report.runs]
        runs = sum(report.runs for report in busy)
        seconds = max(report.last for report in busy) - min(report.first for report in busy)
        return cls(runs / seconds, 1e6 * sum(report.cpu for report in reports) / runs)


@asynccontextmanager
async def workers(
    kind: str, count: int, url: str, namespace: str, reports: list[Report]
) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Worker processes while the body runs; their reports come at its end."""
    arguments = [sys.executable, str(WORKER), kind, url, namespace, str(SLOTS)]
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe) for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    yield processes
    for process in processes:
        # Without input Python 3.11 leaves standard input open.
        out, _ = await process.communicate(b"")
        reports.append(msgspec.json.decode(out, type=Report))


async def throughput(
    kind: str, count: int, url: str, fill: Callable[[str], Awaitable[Callable[[], Awaitable[int]]]]
) -> Throughput:
    namespace, reports = f"b{uuid.uuid4().hex[:10]}", list[Report]()
    left = await fill(namespace)
    async with workers(kind, count, url, namespace, reports):
        while await left():  # noqa: ASYNC110 - what is awaited happens in other processes
            await asyncio.sleep(0.1)
    return Throughput.of(reports)


async def engine(redis: Redis, url: str, count: int) -> Throughput:
    async def fill(namespace: str) -> Callable[[], Awaitable[int]]:
        queue = Queue(redis, namespace=namespace, settings=SETTINGS)
        await queue.enqueue(*(Enqueue(f"k/{number}", "bench") for number in range(JOBS)))

        async def left() -> int:
            return (await queue.counts()).active

        return left

    return await throughput("engine", count, url, fill)


async def bare_arq(redis: Redis, url: str) -> Throughput:
    async def fill(namespace: str) -> Callable[[], Awaitable[int]]:
        client = arq.ArqRedis(pool_or_conn=redis.connection_pool, default_queue_name=namespace)
        for number in range(JOBS // 2):
            await client.enqueue_job("run", f"k/{number}", _job_id=f"{namespace}-{number}")

        async def left() -> int:
            return int(await redis.zcard(namespace))

        return left

    return await throughput("arq", 1, url, fill)


async def test_no_op_jobs_a_second_beside_bare_arq(redis: Redis, redis_url: str) -> None:
    one, bare, four, again = (
        await engine(redis, redis_url, 1),
        await bare_arq(redis, redis_url),
        await engine(redis, redis_url, 4),
        await engine(redis, redis_url, 1),
    )
    for name, figure in (
        ("one worker", one),
        ("bare arq", bare),
        ("four workers", four),
        ("one worker", again),
    ):
        print(f"{name:>14}: {figure.per_second:7.0f} jobs/s, {figure.cpu_us:6.0f} us of processor time a job")
    single = statistics.mean((one.per_second, again.per_second))
    figures.note("jobs a second", f"{single:,.0f}", reached=single >= 1_000)
    beside = single / bare.per_second
    figures.note("jobs beside arq", f"{beside:.1f} times", reached=beside >= 1)
    together = four.per_second / single
    figures.note("four workers", f"{together:.1f} times", reached=together >= 1)
    assert single > bare.per_second
    assert four.per_second > 0.8 * single


async def commands(redis: Redis) -> int:
    """How many commands the server has carried out, those inside scripts included."""
    return sum(each["calls"] for each in (await redis.info("commandstats")).values())


async def a_second(redis: Redis) -> tuple[float, float]:
    """Commands a second and the share of a core that this process takes, while nothing happens."""
    await asyncio.sleep(2)
    began, used, processor = time.monotonic(), await commands(redis), time.process_time()
    await asyncio.sleep(IDLE_SECONDS)
    seconds = time.monotonic() - began
    return (await commands(redis) - used) / seconds, (time.process_time() - processor) / seconds


async def test_an_idle_worker_and_idle_producers_hardly_use_redis(redis: Redis, namespace: str) -> None:
    async def nothing(_run: Run) -> None:
        return

    async def poll() -> None:
        return

    queue = Queue(redis, namespace=namespace, settings=SETTINGS)
    intervals = {"first": 10, "second": 15, "third": 30, "fourth": 86_400}
    schedules = [Schedule(name, timedelta(seconds=seconds), poll) for name, seconds in intervals.items()]
    scheduler = Scheduler(redis, Locks(redis, namespace=namespace), namespace=namespace)
    async with serving(redis, queue, nothing, flows=("first_flow", "second_flow")):
        alone, processor = await a_second(redis)
        running = asyncio.create_task(scheduler.run(schedules))
        together, with_producers = await a_second(redis)
        running.cancel()
        await asyncio.wait({running})
    print(f"idle worker: {alone:.1f} commands/s, {100 * processor:.2f} % of a core")
    print(f"with four schedules: {together:.1f} commands/s, {100 * with_producers:.2f} % of a core")
    for name, used, processor_share, bound in (
        ("idle worker", alone, processor, 5),
        ("idle with producers", together, with_producers, 10),
    ):
        reached = used < bound and processor_share < 0.005
        figures.note(name, f"{used:.1f}, {processor_share:.2%}", reached=reached)
    assert alone < 5
    assert together < 10
    assert with_producers < 0.005


async def test_a_key_that_is_due_is_started_at_once(redis: Redis, namespace: str) -> None:
    begun: dict[str, float] = {}

    async def note(run: Run) -> None:
        begun[run.key] = time.monotonic()

    queue = Queue(redis, namespace=namespace, settings=SETTINGS)
    waits = []
    async with serving(redis, queue, note, flows=FLOWS):
        await queue.enqueue(Enqueue("k/first", "bench"))
        await until(lambda: begun, what="the worker is awake")
        for number in range(PICKED_UP):
            await asyncio.sleep(0.02)
            asked = time.monotonic()
            await queue.enqueue(Enqueue(f"k/{number}", "bench", lane="interactive"))
            await until(lambda: f"k/{number}" in begun, what="it was started")  # noqa: B023
            waits.append(1000 * (begun[f"k/{number}"] - asked))
    middle, worst = statistics.median(waits), statistics.quantiles(waits, n=100)[98]
    print(f"due -> started: {middle:.1f} ms in the middle, {worst:.1f} ms at the 99th percentile")
    figures.note("due to started", f"{middle:.1f} ms, {worst:.1f} ms", reached=middle < 20 and worst < 100)
    assert middle < 20
    assert worst < 100
