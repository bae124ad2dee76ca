"""Processor time of a line, beside a program on pyconnectwise that creates as many: both against the same stand-in in one run."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from pathlib import Path

import psutil
import pytest
from yarl import URL

from cwbridge.queue.job import Enqueue
from cwbridge.redis import Redis
from sandbox.server import Options
from tests.bench import figures
from tests.support import commands
from tests.support.bench import Bench
from tests.support.until import until
from worker.opportunity.project_key import ProjectKey

pytestmark = pytest.mark.bench
LINES = 1_000
PROGRAM = Path(__file__).with_name("pyconnectwise_program.py")
GOAL = 4.0
ROUNDS = 5


async def test_processor_time_of_a_line(redis: Redis, redis_url: str, namespace: str, tmp_path: Path) -> None:
    ours, theirs = [], []
    async with Bench.opened(redis, redis_url, namespace, Options(projects=1, limits=False)) as bench:
        # A limit that no call waits for: the cost of asking is what counts.
        bench.changes = {
            "connectwise": {"rate_limit": "900000/60s", "concurrency": 6},
            "jetbuilt": {"rate_limit": "900000/60s"},
        }
        async with commands.running("worker", env=bench.environment(), cwd=tmp_path, fresh=True) as worker:
            first = bench.box.jetbuilt.add_plain_project(lines=LINES)
            await _settled(bench, first.family_id)
            opportunity = bench.books.opportunity(f"jetbuilt:{first.family_id}")["id"]
            item = bench.books.products(f"jetbuilt:{first.family_id}")[0]["catalogItem"]["id"]
            for _ in range(ROUNDS):
                ours.append(1e6 * await _processor(bench, worker.process.pid) / LINES)
                theirs.append(1e6 * await _pyconnectwise(bench, opportunity, item) / LINES)
    ratio = statistics.median(their / our for their, our in zip(theirs, ours, strict=True))
    print(
        f"\nprocessor time of a line: {statistics.median(ours):.0f} us as deployed, {statistics.median(theirs):.0f} us of "
        f"pyconnectwise, {ratio:.1f} times in the middle of {ROUNDS} rounds"
    )
    figures.note(
        "cpu beside pyconnectwise",
        f"{ratio:.1f} times ({statistics.median(theirs):.0f} us, {statistics.median(ours):.0f} us)",
        reached=ratio >= GOAL,
    )
    assert ratio > 1


async def _settled(bench: Bench, family: int) -> None:
    key = str(ProjectKey(family))
    await bench.queue.enqueue(Enqueue(key, "opportunity"))

    async def gone() -> bool:
        return await bench.job(key) is None

    await until(gone, what="the project is settled", within=120)


async def _processor(bench: Bench, process: int) -> float:
    """Seconds of the worker for a second project of as many lines, whose catalog items are known."""
    other = bench.box.jetbuilt.add_plain_project(lines=LINES, name="Second")
    before = _used(process)
    await _settled(bench, other.family_id)
    return _used(process) - before


def _used(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


async def _pyconnectwise(bench: Bench, opportunity: int, item: int) -> float:
    host = URL(bench.box.connectwise_url).authority
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROGRAM), host, str(opportunity), str(item), str(LINES)),
        env={"PYTHONPATH": str(PROGRAM.parents[2])},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    seconds: float = json.loads(out)
    return seconds
