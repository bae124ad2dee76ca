"""Memory of a worker process at its largest: with many jobs waiting, for a large project, and over many jobs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from sandbox.server import Options
from tests.bench import figures
from tests.bench.test_queue import SETTINGS, Report, workers
from tests.support import commands
from tests.support.bench import Bench
from tests.support.until import until
from worker.opportunity.project_key import ProjectKey

pytestmark = pytest.mark.bench
WAITING = 100_000
LINES = 10_000
JOBS = 10_000
MEGABYTES = 150
IS_GROWTH = 2.0


def megabytes(process: int, name: str) -> float:
    """`VmHWM` is the most that a process has ever had, `VmRSS` what it has now."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


async def test_a_worker_beside_many_waiting_jobs_and_for_a_large_project(
    redis: Redis, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    later = Queue(redis, namespace=namespace, settings=QueueSettings(debounce=timedelta(hours=1)))
    for start in range(1, WAITING, 1_000):
        await later.enqueue(*(Enqueue(f"jetbuilt/project/{start + n}", "opportunity") for n in range(1_000)))
    async with Bench.opened(redis, redis_url, namespace, Options(projects=1, limits=False)) as bench:
        large = bench.box.jetbuilt.add_plain_project(lines=LINES)
        key = str(ProjectKey(large.family_id))
        async with commands.running("worker", env=bench.environment(), cwd=tmp_path, fresh=True) as worker:
            await until(lambda: worker.events("worker_started"), what="the worker has started")
            await asyncio.sleep(5)
            waiting = megabytes(worker.process.pid, "VmHWM")
            await bench.queue.enqueue(Enqueue(key, "opportunity", lane="interactive"))

            async def settled() -> bool:
                return await bench.job(key) is None

            await until(settled, what="the large project is settled", within=300)
            peak = megabytes(worker.process.pid, "VmHWM")
    figures.note("memory, jobs", f"{waiting:.0f} MB", reached=waiting < MEGABYTES)
    figures.note("memory, lines", f"{peak:.0f} MB", reached=peak < MEGABYTES)
    assert waiting < MEGABYTES
    assert peak < MEGABYTES


async def test_a_worker_does_not_grow_over_many_jobs(redis: Redis, redis_url: str, namespace: str) -> None:
    queue = Queue(redis, namespace=namespace, settings=SETTINGS)
    sizes: list[float] = []
    reports: list[Report] = []
    async with workers("engine", 1, redis_url, namespace, reports) as (process,):
        for _ in range(4):
            await queue.enqueue(*(Enqueue(f"k/{number}", "bench") for number in range(JOBS // 4)))
            while (await queue.counts()).active:  # noqa: ASYNC110 - what is awaited happens in another process
                await asyncio.sleep(0.1)
            sizes.append(megabytes(process.pid, "VmRSS"))
    growth = sizes[-1] - sizes[0]
    figures.note("memory, growth", f"{growth:.1f} MB", reached=growth < IS_GROWTH)
    assert growth < 2 * IS_GROWTH
