"""Bulk work uses the whole rate, and a small job beside it waits for no drained window; in simulated time, with the real scripts."""

from __future__ import annotations

import pytest

from cwbridge.limits.rate import Rate
from cwbridge.redis import Redis
from tests.support.limit_simulation import Simulation, SmallJobs


@pytest.mark.parametrize(("rate", "windows", "least"), [("300/60s", 2, 0.98), ("50/10s", 20, 0.95)])
async def test_bulk_work_alone_uses_the_whole_rate_and_is_never_refused(
    redis: Redis, namespace: str, rate: str, windows: int, least: float
) -> None:
    every = Rate.parse(rate)
    simulation = Simulation(redis, namespace, every, concurrency=6, processes=3, seed=1)
    result = await simulation.run(windows * every.seconds)
    assert result.refused == 0
    assert least <= result.use(every) <= 1.01


async def test_a_small_job_beside_bulk_work_takes_about_as_long_as_alone(
    redis: Redis, namespace: str
) -> None:
    simulation = Simulation(redis, namespace, Rate(300, 60.0), concurrency=4, processes=2, seed=2)
    result = await simulation.run(240, SmallJobs(calls=20, pause=20))
    assert result.refused == 0
    assert len(result.small) >= 6
    for seconds, alone in zip(result.small, result.alone, strict=True):
        assert seconds <= alone + 6


async def test_small_jobs_without_end_leave_most_of_the_rate_to_the_bulk(
    redis: Redis, namespace: str
) -> None:
    rate = Rate(300, 60.0)
    simulation = Simulation(redis, namespace, rate, concurrency=4, processes=2, seed=3)
    result = await simulation.run(180, SmallJobs(calls=20, pause=0))
    assert result.use(rate) >= 0.75


async def test_the_judge_of_the_simulation_can_say_no(redis: Redis, namespace: str) -> None:
    simulation = Simulation(redis, namespace, Rate(20, 10.0), concurrency=6, processes=2, seed=4)
    simulation.server_allows(Rate(15, 10.0))
    assert (await simulation.run(40)).refused > 0
