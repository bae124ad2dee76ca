"""Two workers and two producers on one Redis, with Jetbuilt's real limit: everything once, nothing refused."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from sandbox.faults import FaultRule
from tests.integration.conftest import OpenBench
from tests.support import commands
from tests.support.bench import Bench
from tests.support.commands import Running
from tests.support.until import until

PROJECTS = 12
POLL_SECONDS = 2
POLLS = ("GET", "/api/projects", 200)


def prepare(bench: Bench) -> None:
    """Twelve projects of two new clients over the same products: as much to collide on as can be."""
    store = bench.box.jetbuilt
    for family in bench.families():
        store.delete_project(bench.active(family))
    known = {row["name"] for row in bench.books.rows("company/companies")}
    clients = [client for client in bench.box.world.clients if client.company_name not in known][:2]
    office = bench.box.world.offices[0]
    for number in range(PROJECTS):
        project = store.add_plain_project(lines=12, name=f"Room {number}")
        client = clients[number % 2]
        contact = client.primary_contact
        store.add_project(
            replace(
                project,
                client_id=client.id,
                primary_contact_id=contact.id if contact else None,
                office_id=office.id,
            )
        )


async def all_settled(bench: Bench) -> bool:
    counts = await bench.queue.counts()
    return len(bench.books.opportunities()) == PROJECTS and not counts.active and not counts.scheduled


async def test_two_workers_and_two_producers_do_everything_once(
    open_bench: OpenBench, tmp_path: Path
) -> None:
    bench = await open_bench(projects=1, limits=True)
    prepare(bench)
    bench.box.connectwise.modes.rate_limit = 0
    # Look-ups as slow as those of a real server, so that what both look for is missing for both.
    for path in ("/company/*", "/procurement/[!p]*"):
        rule = FaultRule(name=path, method="GET", path=path, action="delay", seconds=0.4)
        bench.box.connectwise_faults.add(rule)
    bench.changes = {
        "jetbuilt": {"rate_limit": "50/10s", "concurrency": 6, "poll_interval": f"{POLL_SECONDS}s"},
        "queue": {"concurrency": 3, "debounce": "100ms"},
    }
    before = {table: len(bench.books.rows(table)) for table in ("company/companies", "company/contacts")}
    async with AsyncExitStack() as stack:
        started: list[Running] = []
        for service in ("worker", "worker", "producers", "producers"):
            daemon = await stack.enter_async_context(
                commands.running(service, env=bench.environment(), cwd=tmp_path)
            )
            started.append(daemon)
        await until(lambda: all_settled(bench), what="twelve projects are settled", within=60)
        for daemon in started:
            daemon.ask_to_stop()
        ends = [await daemon.ended(within=20) for daemon in started]
    calls = bench.box.jetbuilt_calls
    assert [ended.code for ended in ends] == [0, 0, 0, 0]
    assert calls.refused == 0
    assert calls.total > 50
    # Both workers had their part, and every job was done by one of them alone.
    done = [[event["key"] for event in daemon.events("opportunity_synced")] for daemon in started[:2]]
    assert all(done)
    assert len(done[0]) + len(done[1]) == len(set(done[0]) | set(done[1])) == PROJECTS
    # A slot polled twice would double these: one poll for each slot begun while the producers ran.
    polls = [call for call in calls.recent if call.method == "GET" and call.route == POLLS[1]]
    assert len(polls) >= 2
    assert len(polls) <= (polls[-1].started - polls[0].started) / POLL_SECONDS + 2
    bench.box.jetbuilt.modes.rate_limit = 0
    for one in (await bench.expected()).values():
        bench.books.assert_hold(one)
    bench.books.assert_nothing_doubled()
    assert len(bench.books.rows("company/companies")) == before["company/companies"] + 2
    assert len(bench.books.rows("company/contacts")) == before["company/contacts"] + 2
