"""Looking again when nothing has changed: ConnectWise is not written to, and Jetbuilt hears one question."""

from __future__ import annotations

import pytest

from tests.support.bench import Bench

KEY_CHECKS = {("GET", "/api/company", 200): 2}
"""The producers and the worker each prove their key when they start."""


async def test_a_second_sync_asks_jetbuilt_once_and_writes_nothing(bench: Bench) -> None:
    await bench.settled()
    bench.forget_calls()
    writes = bench.writes
    summary = await bench.settled()
    assert (summary.seen, summary.settled, summary.lines_created, summary.lines_deleted) == (0, 0, 0, 0)
    assert bench.writes == writes
    assert dict(bench.box.jetbuilt_calls.counts) == KEY_CHECKS | {("GET", "/api/projects", 200): 1}
    assert {path for _, path, _ in bench.box.connectwise_calls.counts} == {
        "/login/companyinfo/{id}",
        "/sales/stages",
    }


@pytest.mark.parametrize("strategy", ["recreate", "changed"])
async def test_a_full_sync_over_settled_projects_writes_nothing(bench: Bench, strategy: str) -> None:
    bench.changes = {"opportunity": {"line_strategy": strategy}}
    await bench.settled()
    bench.forget_calls()
    writes = bench.writes
    summary = await bench.settled(full=True)
    assert (summary.seen, summary.settled) == (3, len(bench.books.opportunities()))
    assert bench.writes == writes
    assert {method for method, _, _ in bench.box.connectwise_calls.counts} == {"GET"}


async def test_after_redis_was_wiped_everything_is_found_again_by_its_external_id(bench: Bench) -> None:
    await bench.settled()
    writes = bench.writes
    forgotten = [key async for key in bench.redis.scan_iter(match=f"{bench.namespace}:*")]
    assert await bench.redis.delete(*forgotten) > 0
    summary = await bench.settled()
    assert summary.settled == len(bench.books.opportunities())
    assert bench.writes == writes
    bench.books.assert_nothing_doubled()


@pytest.mark.parametrize("drift", ["report", "repair"])
async def test_a_line_that_another_user_deleted_in_connectwise_comes_back_only_if_repair_is_set(
    bench: Bench, drift: str
) -> None:
    bench.changes = {"opportunity": {"drift": drift}}
    await bench.settled()
    enqueued = (await bench.expected())[f"jetbuilt:{bench.families()[0]}"]
    gone, *_ = bench.books.products(enqueued.external_id)
    bench.box.connectwise.remove("procurement/products", gone["id"])
    writes = bench.writes
    await bench.settled(full=True)
    repaired = bench.books.differences(enqueued) == []
    assert repaired == (drift == "repair")
    assert (bench.writes == writes) == (drift == "report")
    assert repaired or (await bench.history(enqueued.key))[0].discrepancies


async def test_a_full_sync_sees_an_edit_that_changed_no_time_stamp(bench: Bench) -> None:
    await bench.settled()
    bench.box.jetbuilt.modes.touch_project_on_item_edit = False
    family = bench.families()[0]
    await bench.jetbuilt.add_a_piece(family)
    enqueued = (await bench.expected())[f"jetbuilt:{family}"]
    assert (await bench.settled()).seen == 0
    assert bench.books.differences(enqueued)
    await bench.settled(full=True)
    bench.books.assert_hold(enqueued)


async def test_a_sync_of_named_keys_looks_at_these_alone(bench: Bench) -> None:
    chosen = bench.families()[2]
    summary = await bench.settled(f"jetbuilt/project/{chosen}")
    assert (summary.seen, summary.settled) == (1, 1)
    assert bench.books.opportunities().keys() == {f"jetbuilt:{chosen}"}
    assert bench.box.jetbuilt_calls.count("GET", "/api/projects") == 0


async def test_a_full_sync_reads_each_client_once(bench: Bench) -> None:
    twins = [bench.box.jetbuilt.add_plain_project(lines=1) for _ in range(3)]
    assert len({twin.client_id for twin in twins}) == 1
    await bench.settled()
    bench.forget_calls()
    await bench.settled(full=True)
    clients = {project.client_id for project in (*bench.box.world.active_projects, *twins)}
    parents = {client.parent_id for client in bench.box.world.clients if client.id in clients} - {None}
    assert bench.box.jetbuilt_calls.count("GET", "/api/clients/{client}") == len(clients | parents)


async def test_a_run_asks_once_whether_its_opportunity_was_converted(bench: Bench) -> None:
    key = f"jetbuilt/project/{bench.box.jetbuilt.add_plain_project(lines=1).family_id}"
    await bench.settled(key)
    bench.forget_calls()
    await bench.settled(key)
    assert bench.box.connectwise_calls.count("GET", "/sales/opportunities/conversions/{id}") == 1


async def test_an_edit_of_a_client_counts_in_the_next_run_of_a_project(bench: Bench) -> None:
    """What a full sync remembers is nothing to a change."""
    family = bench.families()[0]
    await bench.settled(full=True)
    bench.forget_calls()
    await bench.settled(f"jetbuilt/project/{family}")
    assert bench.box.jetbuilt_calls.count("GET", "/api/clients/{client}") >= 1
