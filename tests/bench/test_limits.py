"""What the default limits cost a small edit, and how much of a limit is used; `make bench` prints it."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from cwbridge.limits.rate import Rate
from cwbridge.queue.job import Enqueue
from cwbridge.redis import Redis
from sandbox.server import Options
from tests.bench import figures
from tests.support import commands, worlds
from tests.support.bench import Bench
from tests.support.limit_simulation import Simulation, SmallJobs
from tests.support.until import until
from worker.opportunity.project_key import ProjectKey

pytestmark = pytest.mark.bench
LINES = 2_000
EDITS = 6
CHANGED_LINES = 5
JETBUILT, CONNECTWISE = "50/10s", "600/60s"
PROJECTS = 500
FULL_WINDOWS = 250
HOUR = 3_600


@pytest.fixture
async def bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Bench]:
    async with Bench.opened(redis, redis_url, namespace, Options(projects=3, limits=True)) as opened:
        opened.changes = {
            "jetbuilt": {"rate_limit": JETBUILT},
            "connectwise": {"rate_limit": CONNECTWISE},
            "opportunity": {"line_strategy": "changed"},
        }
        yield opened


async def edited(bench: Bench, family: int, number: int) -> float:
    """Seconds from the enqueue of a five-line edit until it is settled."""
    project, key = bench.active(family), str(ProjectKey(family))
    lines = [line for line in bench.box.jetbuilt.project(project).lines if line.option_id is None]
    for line in lines[:CHANGED_LINES]:
        bench.box.jetbuilt.edit_line(project, line.id, price=Decimal(1000 + number))
    began = time.perf_counter()
    await bench.queue.enqueue(Enqueue(key, "opportunity"))

    async def settled() -> bool:
        return await bench.job(key) is None

    await until(settled, what="the edit is settled", within=120)
    return time.perf_counter() - began


async def test_a_small_edit_beside_a_large_project_under_the_default_limits(bench: Bench, tmp_path: Path):
    small = min(
        bench.families(), key=lambda family: len(bench.box.jetbuilt.project(bench.active(family)).lines)
    )
    async with commands.running("worker", env=bench.environment(), cwd=tmp_path):
        alone = [await edited(bench, small, number) for number in range(2)]
        large = bench.box.jetbuilt.add_plain_project(lines=LINES, name="Stadium")
        began = bench.box.connectwise_calls.count()
        await bench.queue.enqueue(Enqueue(str(ProjectKey(large.family_id)), "opportunity"))
        await until(
            lambda: bench.box.connectwise_calls.count() > began + 700,
            what="the large project has used more than a window",
            within=200,
        )
        beside = [await edited(bench, small, 10 + number) for number in range(EDITS)]
        still = await bench.job(str(ProjectKey(large.family_id)))
        assert still is not None, "the large project was over too early"
    refused = bench.box.connectwise_calls.count(status=429)
    print(
        f"\na {CHANGED_LINES}-line edit under {CONNECTWISE} and {JETBUILT}: {statistics.median(alone):.1f} s alone; beside a project of "
        f"{LINES} lines {statistics.median(beside):.1f} s in the middle (at most 10), {max(beside):.1f} s at worst (at most 20); "
        f"{refused} calls refused"
    )
    figures.note(
        "small edit",
        f"{statistics.median(beside):.1f} s, at worst {max(beside):.1f} s",
        reached=statistics.median(beside) < 10 and max(beside) < 20,
    )
    assert statistics.median(beside) < 10
    assert max(beside) < 20
    assert refused == 0


async def test_a_small_edit_during_a_full_sync_under_the_default_limits(
    redis: Redis, redis_url: str, namespace: str, tmp_path: Path
):
    options = Options(projects=PROJECTS, limits=False)
    world = worlds.compact(options.seed, options.projects)
    async with Bench.opened(redis, redis_url, namespace, options, world=world) as bench:
        bench.changes = {"opportunity": {"line_strategy": "changed"}}
        small = bench.box.jetbuilt.add_plain_project(lines=20).family_id
        await bench.settled()
        # The stand-ins keep the limits from here on; to settle everything under them first would take half an hour.
        for modes, rate in ((bench.box.jetbuilt.modes, JETBUILT), (bench.box.connectwise.modes, CONNECTWISE)):
            every = Rate.parse(rate)
            modes.rate_limit, modes.rate_seconds = every.calls, every.seconds
        bench.changes = {
            **bench.changes,
            "jetbuilt": {"rate_limit": JETBUILT, "concurrency": 6},
            "connectwise": {"rate_limit": CONNECTWISE, "concurrency": 6},
        }
        async with commands.running("worker", env=bench.environment(), cwd=tmp_path):
            alone = [await edited(bench, small, number) for number in range(2)]
            bench.forget_calls()
            everything = [str(ProjectKey(family)) for family in bench.families()]
            await bench.queue.enqueue(
                *(Enqueue(key, "opportunity", "backlog", "verify") for key in everything)
            )
            # Long enough that the windows of both limits are full.
            await until(
                lambda: bench.box.jetbuilt_calls.count() > FULL_WINDOWS,
                what="the full sync has used more than a window",
                within=200,
            )
            beside = [await edited(bench, small, 10 + number) for number in range(EDITS)]
            still = await bench.queue.jobs(state="due")
            assert len(still) > PROJECTS / 4, "the full sync was over too early"
        refused = sum(
            log.count(status=429) for log in (bench.box.jetbuilt_calls, bench.box.connectwise_calls)
        )
    print(
        f"\na {CHANGED_LINES}-line edit under {CONNECTWISE} and {JETBUILT}: {statistics.median(alone):.1f} s alone; during a full sync over "
        f"{PROJECTS} projects {statistics.median(beside):.1f} s in the middle, {max(beside):.1f} s at worst (under 6); {refused} calls refused"
    )
    figures.note(
        "small edit in a full sync",
        f"{statistics.median(beside):.1f} s, at worst {max(beside):.1f} s",
        reached=max(beside) < 6,
    )
    assert max(beside) < 6
    assert refused == 0


@pytest.mark.parametrize("rate", [CONNECTWISE, JETBUILT])
async def test_over_an_hour_the_limit_is_used_and_never_exceeded(redis: Redis, namespace: str, rate: str):
    every = Rate.parse(rate)
    simulation = Simulation(redis, namespace, every, concurrency=6, processes=3, seed=5)
    result = await simulation.run(HOUR)
    print(
        f"\n{rate}, three processes, a simulated hour with jitter: {result.calls} calls, {result.use(every):.1%} of the limit "
        f"(at least 97; the margin alone takes {1 - every.seconds / (every.seconds + 0.25):.1%}), {result.refused} refused"
    )
    if rate == CONNECTWISE:
        figures.note("limit used", f"{result.use(every):.1%}", reached=result.use(every) >= 0.97)
        figures.note("limit refused", f"{result.refused}", reached=result.refused * 10_000 < result.calls)
    assert result.refused * 10_000 < result.calls
    assert result.use(every) >= 0.965


async def test_small_jobs_beside_bulk_work_over_half_an_hour(redis: Redis, namespace: str):
    every = Rate.parse(CONNECTWISE)
    simulation = Simulation(redis, namespace, every, concurrency=6, processes=3, seed=6)
    result = await simulation.run(HOUR / 2, SmallJobs(calls=47, pause=60))
    ratios = [seconds / alone for seconds, alone in zip(result.small, result.alone, strict=True)]
    print(
        f"\n{len(ratios)} jobs of 47 calls beside bulk work under {CONNECTWISE}, half a simulated hour: "
        f"{statistics.median(ratios):.2f} times as long as alone in the middle, {max(ratios):.2f} at worst; "
        f"{result.use(every):.1%} of the limit used, {result.refused} refused"
    )
    assert result.refused == 0
    assert max(ratios) < 2
