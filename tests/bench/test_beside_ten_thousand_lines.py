"""What a project of ten thousand lines does to a small edit beside it: both measured in one run. `make bench` prints it."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from cwbridge.queue.job import Enqueue
from cwbridge.redis import Redis
from sandbox.server import Options
from tests.support import commands
from tests.support.bench import Bench
from worker.opportunity.project_key import ProjectKey

pytestmark = pytest.mark.bench
LINES = 10_000
EDITS = 5
CONCURRENCY = AT_ONCE = 6


class Edit(msgspec.Struct, frozen=True):
    """One edit from the moment it is wanted until it is settled."""

    seconds: float
    calls: int
    """Of everybody, meanwhile."""


@pytest.fixture
async def bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Bench]:
    async with Bench.opened(redis, redis_url, namespace, Options(projects=3, limits=False)) as opened:
        opened.changes = {
            "connectwise": {"concurrency": CONCURRENCY},
            "opportunity": {"apply_concurrency": AT_ONCE},
        }
        yield opened


async def settled(bench: Bench, key: str) -> None:
    while await bench.job(key) is not None:  # noqa: ASYNC110 - the worker is another process
        await asyncio.sleep(0.005)


async def edited(bench: Bench, family: int, number: int) -> Edit:
    project, key = bench.active(family), str(ProjectKey(family))
    line = next(line for line in bench.box.jetbuilt.project(project).lines if line.option_id is None)
    bench.box.jetbuilt.edit_line(project, line.id, price=Decimal(1000 + number))
    began, calls = time.perf_counter(), bench.box.connectwise_calls.count()
    await bench.queue.enqueue(Enqueue(key, "opportunity"))
    await settled(bench, key)
    return Edit(time.perf_counter() - began, bench.box.connectwise_calls.count() - calls)


async def test_an_edit_beside_ten_thousand_lines_waits_for_a_bounded_number_of_calls(
    bench: Bench, tmp_path: Path
):
    small = min(
        bench.families(), key=lambda family: len(bench.box.jetbuilt.project(bench.active(family)).lines)
    )
    large = bench.box.jetbuilt.add_plain_project(lines=LINES, name="Stadium")
    async with commands.running("worker", env=bench.environment(), cwd=tmp_path):
        await bench.queue.enqueue(Enqueue(str(ProjectKey(small)), "opportunity"))
        await settled(bench, str(ProjectKey(small)))
        alone = [await edited(bench, small, number) for number in range(EDITS)]

        await bench.queue.enqueue(Enqueue(str(ProjectKey(large.family_id)), "opportunity"))
        products = bench.box.connectwise.table("procurement/products")
        standing = len(products)
        async with asyncio.timeout(120):
            while len(products) < standing + 100:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        beside = [await edited(bench, small, EDITS + number) for number in range(EDITS)]
        assert await bench.job(str(ProjectKey(large.family_id))) is not None, (
            "the large project was over too early"
        )

    own = statistics.median(edit.calls for edit in alone)
    others = [edit.calls - own for edit in beside]
    quick, slow = (statistics.median(edit.seconds for edit in edits) for edits in (alone, beside))
    print(
        f"\nan edit of {own:.0f} calls beside {LINES} lines: {slow / quick:.1f} times as long as alone, "
        f"{max(others) / own:.1f} calls of the others for each of its own (of {CONCURRENCY + AT_ONCE})"
    )
    assert max(others) <= (CONCURRENCY + AT_ONCE) * own
