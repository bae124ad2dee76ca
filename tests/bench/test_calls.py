"""How many calls it costs: counted by the stand-ins, so the same on any machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from cwbridge.redis import Redis
from sandbox.server import Options
from tests.bench import figures
from tests.support import worlds
from tests.support.bench import Bench

pytestmark = pytest.mark.bench
LINES = 400
CHANGED = 5
PROJECTS = 60
CONSTANT = 12
MANY = 360
OPENING = 2
"""Calls that open the clients; a daemon makes them once in its life."""
TABLES = 10
"""The same, and the set-up tables, which a daemon reads once in ten minutes."""


@pytest.fixture
async def bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Bench]:
    options = Options(projects=PROJECTS, limits=False)
    world = worlds.compact(options.seed, options.projects)
    async with Bench.opened(redis, redis_url, namespace, options, world=world) as opened:
        yield opened


async def counted(bench: Bench, family: int) -> int:
    """ConnectWise calls of one run of a project, without those that open the client."""
    bench.forget_calls()
    await bench.settled(f"jetbuilt/project/{family}")
    return bench.box.connectwise_calls.count() - OPENING


async def test_calls_of_new_and_of_updated_projects(bench: Bench) -> None:
    first = bench.box.jetbuilt.add_plain_project(lines=LINES)
    await bench.settled(f"jetbuilt/project/{first.family_id}")

    new = bench.box.jetbuilt.add_plain_project(lines=LINES)
    above = await counted(bench, new.family_id) - LINES
    allowed = 0.05 * LINES + CONSTANT
    figures.note("calls of a new project", f"{above}", reached=above <= allowed)

    line = bench.box.jetbuilt.project(bench.active(new.family_id)).lines[0]
    bench.box.jetbuilt.edit_line(bench.active(new.family_id), line.id, price=Decimal(5))
    update = await counted(bench, new.family_id) - 2 * LINES
    figures.note("calls of an update", f"{update}", reached=update <= 0.05 * 2 * LINES + CONSTANT)

    distinct = bench.box.jetbuilt.add_plain_project(lines=LINES, distinct_products=True)
    each = (await counted(bench, distinct.family_id) - CONSTANT) / LINES
    figures.note("calls of a new item", f"{each:.2f}", reached=each <= 2.1)
    assert above <= allowed
    assert update <= 0.05 * 2 * LINES + CONSTANT
    assert each <= 2.1


async def test_calls_of_a_change_of_some_lines(bench: Bench) -> None:
    bench.changes = {"opportunity": {"line_strategy": "changed"}}
    family = bench.box.jetbuilt.add_plain_project(lines=LINES).family_id
    await bench.settled(f"jetbuilt/project/{family}")
    project = bench.active(family)
    for line in bench.box.jetbuilt.project(project).lines[:CHANGED]:
        bench.box.jetbuilt.edit_line(project, line.id, price=Decimal(7))
    calls = await counted(bench, family)
    figures.note("calls of a change", f"{calls}", reached=calls <= 2 * CHANGED + CONSTANT)
    assert calls <= 2 * CHANGED + CONSTANT


async def test_calls_when_nothing_has_changed(bench: Bench) -> None:
    await bench.settled()
    bench.forget_calls()
    await bench.settled()
    polls = bench.box.jetbuilt_calls.count() - OPENING
    figures.note("steady calls", f"{polls}", reached=polls <= 1)
    assert polls == 1


async def test_calls_of_a_full_sync_over_unchanged_projects(bench: Bench) -> None:
    for _ in range(MANY - PROJECTS):
        bench.box.jetbuilt.add_plain_project(lines=25)
    await bench.settled()
    bench.forget_calls()
    await bench.settled(full=True)
    objects = len(bench.books.opportunities())
    source = bench.box.jetbuilt_calls.count() - OPENING
    target = bench.box.connectwise_calls.count() - TABLES
    figures.note("full sync, Jetbuilt", f"{source / objects:.1f}", reached=source / objects <= 4)
    figures.note("full sync, ConnectWise", f"{target / objects:.3f}", reached=target / objects <= 0.05)
    print(f"\n{MANY} projects, {objects} opportunities: {source} and {target} calls of a full sync")
    for row in bench.box.connectwise_calls.summary()["counts"]:
        print(row)
    assert source <= 4 * objects
    assert target <= 0.05 * objects
