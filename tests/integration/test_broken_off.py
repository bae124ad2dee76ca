"""What a run leaves behind that was broken off during its writes, and what becomes of it when its source goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from cwbridge import concurrency, errors
from cwbridge.connectors.jetbuilt import models
from cwbridge.ledger.links import Link, Links
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.lease import Lease
from cwbridge.queue.outcome import Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from sandbox.faults import FaultRule
from tests.support import commands
from tests.support.bench import Bench
from tests.support.jobs import claimed
from tests.support.until import until
from worker.opportunity.known_options import KnownOptions
from worker.opportunity.options import OptionFanOut
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.target import Target

OLD, NEW = ProjectKey(7, 71), ProjectKey(7, 72)


def links_of(bench: Bench) -> Links:
    return Links(bench.redis, namespace=bench.namespace)


def sources(bench: Bench) -> dict[str, int]:
    rows = bench.books.rows("sales/opportunities")
    return {row["source"]: row["id"] for row in rows if row.get("source")}


def with_option(bench: Bench) -> tuple[int, int]:
    for family in bench.families():
        options = bench.box.jetbuilt.project(bench.active(family)).options
        if len(options) == 1:
            return family, options[0].id
    raise AssertionError("this world has no project with one option")


async def test_lines_left_half_way_are_repaired_although_the_edit_was_taken_back(bench: Bench):
    bench.changes = {"queue": {"max_attempts": 1}}
    await bench.settled()
    family = bench.families()[0]
    project = bench.active(family)
    line = next(line for line in bench.box.jetbuilt.project(project).lines if line.option_id is None)

    bench.box.connectwise_faults.add(
        FaultRule(name="stuck", action="fail", method="DELETE", path="/procurement/products/*")
    )
    bench.box.jetbuilt.edit_line(project, line.id, price=Decimal("4321.00"))
    await bench.sync()
    job = await bench.job(f"jetbuilt/project/{family}")
    assert job is not None
    assert job.state == "dead"
    bench.box.connectwise_faults.clear()
    bench.box.jetbuilt.edit_line(project, line.id, price=line.price)
    await bench.settled()

    bench.books.assert_hold((await bench.expected())[f"jetbuilt:{family}"])
    bench.books.assert_nothing_doubled()


async def test_an_option_whose_link_was_never_kept_moves_along_with_the_next_version(bench: Bench):
    await bench.settled()
    before = sources(bench)
    family, option = with_option(bench)
    assert await links_of(bench).remove("opportunity", str(ProjectKey(family, option)))

    bench.box.jetbuilt.new_version(bench.active(family))
    await bench.settled()

    (current,) = bench.box.jetbuilt.project(bench.active(family)).options
    after = sources(bench)
    assert after[ProjectKey(family, current.id).external_id] == before[ProjectKey(family, option).external_id]
    assert len(after) == len(before)


async def test_a_late_job_of_an_option_that_has_moved_does_nothing(bench: Bench):
    await bench.settled()
    family, option = with_option(bench)
    bench.box.jetbuilt.new_version(bench.active(family))
    await bench.settled()
    writes = bench.writes

    await bench.queue.enqueue(Enqueue(str(ProjectKey(family, option)), "opportunity", lane="backlog"))
    await bench.settled()

    assert bench.writes == writes
    assert (await bench.history(str(ProjectKey(family, option))))[0].what == "skipped"


async def test_of_a_finished_opportunity_each_line_stays_once(bench: Bench):
    await bench.settled()
    family, option = with_option(bench)
    opportunity = sources(bench)[ProjectKey(family, option).external_id]
    ours = [
        row for row in bench.books.rows("procurement/products") if row["opportunity"]["id"] == opportunity
    ]
    older = {**ours[0], "integrationXRef": ours[0]["integrationXRef"].split("@")[0] + "@aaaaaaaaaa"}
    newer = bench.box.connectwise.add("procurement/products", **{k: v for k, v in older.items() if k != "id"})

    bench.box.jetbuilt.merge_option(bench.active(family), option)
    await bench.settled()

    left = [
        row for row in bench.books.rows("procurement/products") if row["opportunity"]["id"] == opportunity
    ]
    assert {row["id"] for row in left} == {row["id"] for row in (*ours, newer)} - {ours[0]["id"]}


@pytest.mark.parametrize("another_user", [False, True])
async def test_a_new_opportunity_that_may_hold_no_line_is_taken_back_unless_another_user_works_with_it(
    bench: Bench, *, another_user: bool
):
    bench.changes = {"opportunity": {"inventory_probe_interval": "150s"}, "queue": {"concurrency": 1}}
    key = ProjectKey(bench.families()[0])
    faults, store = bench.box.connectwise_faults, bench.box.connectwise
    faults.add(FaultRule(name="held", method="POST", path="/procurement/products", action="hold_before"))
    syncing = asyncio.create_task(bench.sync(str(key)))
    await until(lambda: faults.waiting("held"), what="the first line is sent")
    opportunity = sources(bench)[key.external_id]
    if another_user:
        item = bench.books.rows("procurement/catalog")[0]
        store.add("procurement/products", opportunity={"id": opportunity}, catalogItem={"id": item["id"]})
    store.modes.inventory_auditing = "all"
    faults.clear()
    await syncing

    assert (key.external_id in sources(bench)) is another_user
    assert bool(bench.books.rows("procurement/products")) is another_user


class Nowhere:
    """No opportunity carries any external id."""

    async def find(self, _external_id: str, _link: Link | None) -> None:
        return None


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=QueueSettings(debounce=timedelta(0)))


async def test_an_option_does_not_move_while_it_is_being_written(queue: Queue, redis: Redis, namespace: str):
    links = Links(redis, namespace=namespace)
    known = KnownOptions(redis, links, namespace=namespace)
    fan_out = OptionFanOut(queue, known, links=links, target=cast("Target", Nowhere()))
    await known.note(OLD.family, 71, "projector")
    await links.put("opportunity", str(OLD), Link(target=5, how="created"))
    run = await running(queue, str(OLD))
    project, option = models.Project(id=8), models.ListedOption(id=72, name="Projector")

    with pytest.raises(errors.Busy):
        await fan_out.enqueue(run, ProjectKey(7), project, [option])
    assert await known.known(7) == {71: "projector"}
    assert await queue.settle(run, Succeeded()) == "gone"
    await fan_out.enqueue(run, ProjectKey(7), project, [option])

    assert await known.known(7) == {72: "projector"}
    assert await links.get("opportunity", str(OLD)) is None
    moved = await links.get("opportunity", str(NEW))
    assert moved is not None
    assert moved.target == 5


async def test_an_option_that_never_had_an_opportunity_is_forgotten(
    queue: Queue, redis: Redis, namespace: str
):
    links = Links(redis, namespace=namespace)
    known = KnownOptions(redis, links, namespace=namespace)
    fan_out = OptionFanOut(queue, known, links=links, target=cast("Target", Nowhere()))
    await known.note(OLD.family, 71, "projector")
    run = await running(queue, str(ProjectKey(7)))

    await fan_out.enqueue(
        run, ProjectKey(7), models.Project(id=8), [models.ListedOption(id=72, name="Projector")]
    )

    assert await known.known(7) == {}
    assert {job.key for job in await queue.jobs()} == {str(ProjectKey(7)), str(NEW)}


async def running(queue: Queue, key: str) -> Run:
    """A run of `key` that has begun."""
    await queue.enqueue(Enqueue(key, "opportunity"))
    [(name, fencing_token, *_)] = await claimed(queue, 1)
    run = await queue.start(name, fencing_token)
    assert run is not None
    return run


async def begun(queue: Queue) -> Lease:
    run = await running(queue, str(OLD))
    return Lease(queue, run, taken_at=asyncio.get_running_loop().time())


async def test_a_wipe_ends_the_right_to_create_at_once(queue: Queue, redis: Redis, namespace: str):
    lease = await begun(queue)
    await lease.confirm()
    await redis.delete(f"{namespace}:job:{OLD}")
    lease.ensure()
    with pytest.raises(errors.LeaseLost):
        await lease.confirm()
    assert lease.taken


async def test_a_wipe_is_noticed_within_a_second_however_long_the_lease_is(
    queue: Queue, redis: Redis, namespace: str
):
    async with await begun(queue) as lease:
        await redis.delete(f"{namespace}:job:{OLD}")
        await until(lambda: lease.lost, what="the lease is lost", within=5)
    assert queue.settings.lease_duration >= timedelta(seconds=15)


async def test_a_catalog_copy_is_removed_although_its_run_lost_the_lease_meanwhile(
    bench: Bench, tmp_path: Path
):
    """Redis is wiped while a create is under way, so that another worker makes the same item: the later one becomes a copy."""
    await bench.settled()
    family = bench.families()[0]
    project = bench.active(family)
    line = next(
        line
        for line in bench.box.jetbuilt.project(project).lines
        if line.option_id is None and line.kind == "physical"
    )
    bench.box.jetbuilt.edit_line(project, line.id, model="NOVEL-9")
    faults, catalog = bench.box.connectwise_faults, bench.box.connectwise.table("procurement/catalog")

    def stored() -> list[str]:
        return [row["identifier"] for row in catalog if row["identifier"].startswith("NOVEL-9")]

    faults.add(FaultRule(name="held", action="hold_before", method="POST", path="/procurement/catalog"))
    async with commands.running("worker", env=bench.environment(), cwd=tmp_path) as worker:
        await bench.queue.enqueue(Enqueue(str(ProjectKey(family)), "opportunity"))
        await until(lambda: faults.waiting("held") == 1, what="the create is under way")
        bench.box.connectwise_user.add(
            "procurement/catalog",
            {**_like(catalog), "identifier": "NOVEL-9", "description": "Made meanwhile"},
        )
        await bench.redis.flushdb()
        await until(lambda: worker.events("job_lease_lost"), what="the run has lost its lease")
        faults.clear("held")
        await until(lambda: worker.events("catalog_copy_removed"), what="the copy is removed")
    assert stored() == ["NOVEL-9"]


def _like(catalog: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What a catalog item needs."""
    row = next(iter(catalog))
    return {name: row[name] for name in ("subcategory", "type", "customerDescription")}


async def test_work_side_by_side_keeps_its_order_and_its_width():
    under_way: set[int] = set()
    widest = 0

    async def piece(number: int) -> int:
        nonlocal widest
        under_way.add(number)
        widest = max(widest, len(under_way))
        await asyncio.sleep(0.002 * (number % 3))
        under_way.discard(number)
        return number

    assert await concurrency.gather_limited((piece(n) for n in range(20)), limit=4) == list(range(20))
    assert widest == 4


async def test_the_first_failure_ends_the_others_and_starts_no_more():
    started: list[Any] = []

    async def piece(number: int) -> None:
        started.append(number)
        await asyncio.sleep(0)
        if number == 1:
            raise ValueError(number)
        await asyncio.sleep(60)

    with pytest.raises(ValueError, match="1"):
        await concurrency.gather_limited([piece(n) for n in range(10)], limit=3)
    assert started == [0, 1, 2]


async def test_an_opportunity_that_was_made_without_the_lease_is_taken_back(bench: Bench) -> None:
    """A process that is stopped right before it sends makes a second one when it wakes up, after another run has made the first."""
    family = bench.box.jetbuilt.add_plain_project(lines=2).family_id
    key, source = f"jetbuilt/project/{family}", f"jetbuilt:{family}"
    faults = bench.box.connectwise_faults
    faults.add(
        FaultRule(name="held", action="hold_after", method="POST", path="/sales/opportunities", times=1)
    )
    running = asyncio.create_task(bench.sync(key))
    await until(lambda: faults.waiting("held"), what="the opportunity is made and its answer waits")
    made = bench.books.opportunity(source)
    async for stored in bench.redis.scan_iter(f"{bench.namespace}:*"):
        await bench.redis.delete(stored)
    of_other_run = bench.box.connectwise_user.add(
        "sales/opportunities",
        {
            "name": made["name"],
            "source": source,
            **{name: {"id": made[name]["id"]} for name in ("company", "contact", "site", "primarySalesRep")},
            **{name: made[name] for name in ("locationId", "businessUnitId")},
        },
    )
    faults.clear()
    await running
    await bench.settled(key)
    rows = bench.books.rows("sales/opportunities")
    assert [row["id"] for row in rows if row.get("source") == source] == [of_other_run]
