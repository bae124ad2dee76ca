"""A full sync reads the opportunities of many jobs at once, and nothing that differs is overlooked for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cwbridge import connections
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.ledger.accepted_amounts import AcceptedAmounts
from cwbridge.ledger.links import Link
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.outcome import Retried, Succeeded
from cwbridge.redis import Redis
from sandbox.faults import FaultRule
from tests.support.bench import Bench
from tests.support.jobs import claimed
from tests.support.until import until
from worker.opportunity import read_ahead
from worker.opportunity.plan import is_own
from worker.opportunity.read_ahead import ReadAhead
from worker.psa.context import PsaContext
from worker.psa.product_lines import ProductLines

FAILURE = Failure(work_class="retry", error="Unavailable", cause="busy", detail="", remedy="Wait.", at_ms=1)
OPPORTUNITIES, LINES, COMPANIES = "/sales/opportunities", "/procurement/products", "/company/companies"


@pytest.fixture(autouse=True)
async def _several(bench: Bench) -> None:
    for _ in range(4):
        bench.box.jetbuilt.add_plain_project(lines=3)
    await bench.settled()
    bench.forget_calls()


async def keys(bench: Bench) -> list[str]:
    return [wanted.key for wanted in (await bench.expected()).values()]


def read_one_by_one(bench: Bench) -> int:
    return bench.box.connectwise_calls.count("GET", f"{OPPORTUNITIES}/{{id}}")


async def test_opportunities_lines_and_companies_are_read_in_bulk_and_nothing_else(bench: Bench) -> None:
    bench.box.connectwise_calls.clear()
    await bench.settled(full=True)
    calls = bench.box.connectwise_calls
    assert read_one_by_one(bench) == 0
    assert calls.count("GET", f"{OPPORTUNITIES}/conversions/{{id}}") == 0
    # A few jobs that options add while the others run are read in a second batch.
    assert 1 <= calls.count("GET", LINES) <= 2
    assert 1 <= calls.count("GET", COMPANIES) <= 2
    assert calls.count("GET", f"{COMPANIES}/{{id}}") == 0
    assert calls.count("PATCH") == calls.count("POST") == calls.count("DELETE") == 0


async def test_what_another_user_changed_is_repaired_and_the_others_are_not_read(bench: Bench) -> None:
    bench.changes = {"opportunity": {"drift": "repair"}}
    wanted = await bench.expected()
    first, second, third = (f"jetbuilt:{family}" for family in bench.families()[:3])
    user = bench.box.connectwise_user
    user.edit("procurement/products", bench.books.products(first)[0]["id"], {"price": 1})
    bench.box.connectwise.remove("procurement/products", bench.books.products(second)[0]["id"])
    user.edit("sales/opportunities", bench.books.opportunity(third)["id"], {"name": "Renamed"})
    await bench.settled(full=True)
    for external_id in (first, second, third):
        bench.books.assert_hold(wanted[external_id])
    assert bench.books.opportunity(third)["name"] != "Renamed"
    assert read_one_by_one(bench) == 3


async def test_what_is_only_reported_is_reported_from_what_was_read_ahead(bench: Bench) -> None:
    family = bench.families()[0]
    opportunity = bench.books.opportunity(f"jetbuilt:{family}")
    bench.box.connectwise_user.edit("sales/opportunities", opportunity["id"], {"name": "Renamed"})
    await bench.settled(full=True)
    event, *_ = await bench.history(f"jetbuilt/project/{family}")
    assert event.what == "checked"
    assert any("name was changed in ConnectWise" in told for told in event.discrepancies)
    assert read_one_by_one(bench) == 0
    assert bench.books.opportunity(f"jetbuilt:{family}")["name"] == "Renamed"


async def test_a_company_in_the_recycle_bin_is_noticed(bench: Bench) -> None:
    family = bench.families()[0]
    company = bench.books.row("company/companies", bench.books.opportunity(f"jetbuilt:{family}")["company"])
    bench.box.connectwise.put("company/companies", company | {"deletedFlag": True})
    summary = await bench.sync(full=True)
    assert f"jetbuilt/project/{family}" in {job.key for job in summary.unsettled}
    job = await bench.job(f"jetbuilt/project/{family}")
    assert job is not None
    assert job.failure is not None
    assert "recycle bin" in job.failure.cause


async def test_a_closed_opportunity_is_read_for_itself_when_it_differs(bench: Bench) -> None:
    external_id = f"jetbuilt:{bench.families()[0]}"
    statuses = bench.books.rows("sales/opportunities/statuses")
    closed = next(row for row in statuses if row.get("closedFlag"))
    opportunity = bench.books.opportunity(external_id)
    changes = {"name": "Renamed", "status": {"id": closed["id"], "name": closed["name"]}}
    bench.box.connectwise_user.edit("sales/opportunities", opportunity["id"], changes)
    await bench.settled(full=True)
    event, *_ = await bench.history(external_id.replace("jetbuilt:", "jetbuilt/project/"))
    assert (event.what, event.cause) == ("checked", "closed or converted in ConnectWise")
    assert read_one_by_one(bench) == 1


@pytest.mark.parametrize(
    ("path", "fields"), [(OPPORTUNITIES, {"name": 7}), (LINES, {"quantity": "two"}), (COMPANIES, {"id": "x"})]
)
async def test_what_is_not_understood_is_left_to_the_runs_themselves(
    bench: Bench, path: str, fields: dict[str, Any]
) -> None:
    times = 1 if path == LINES else None
    rule = FaultRule(name="odd", path=path, method="GET", action="alter", fields=fields, times=times)
    bench.box.connectwise_faults.add(rule)
    await bench.settled(full=True)
    assert bench.box.connectwise_faults.hits("odd") >= 1
    assert read_one_by_one(bench) >= 1


async def test_prices_of_the_catalog_that_are_kept_up_to_date_are_looked_at(bench: Bench) -> None:
    bench.changes = {"catalog": {"existing_items": "update_prices"}}
    await bench.settled(full=True)
    assert read_one_by_one(bench) == len(bench.books.opportunities())


class Readers:
    """A reader over open connections, and the jobs it reads for."""

    def __init__(self, bench: Bench, client: Any) -> None:
        self.queue = bench.queue
        psa = PsaContext.over(client, bench.redis, bench.settings(), flow="opportunity")
        self.links = psa.links
        lines = ProductLines(
            client.products, AcceptedAmounts(bench.redis, namespace=bench.namespace), is_own=is_own
        )
        self.read_ahead = ReadAhead(
            bench.redis, client, lines, queue=self.queue, links=psa.links, locks=psa.locks
        )

    async def enqueue(self, *keys: str) -> None:
        await self.queue.enqueue(*(Enqueue(key, "opportunity", "backlog", "verify") for key in keys))

    async def start(self) -> list[Run]:
        runs = [await self.queue.start(key, token) for key, token, *_ in await claimed(self.queue, 32)]
        return [run for run in runs if run is not None]

    async def next(self) -> Run:
        """The run of the one key that becomes due."""
        found: list[Run] = []

        async def started() -> bool:
            found.extend(await self.start())
            return bool(found)

        await until(started, what="a run has started")
        (run,) = found
        return run

    async def link(self, run: Run) -> Link:
        link = await self.links.get("opportunity", run.key)
        assert link is not None
        return link

    async def taken(self, run: Run) -> int | None:
        """The opportunity that was read ahead for the run."""
        snapshot = await self.read_ahead.take(run, await self.link(run))
        return None if snapshot is None else snapshot.record.id


@asynccontextmanager
async def readers(bench: Bench) -> AsyncIterator[Readers]:
    async with connections.open_one(bench.settings(), bench.redis, CONNECTWISE) as client:
        yield Readers(bench, client)


@pytest.fixture
async def ahead(bench: Bench) -> AsyncIterator[Readers]:
    async with readers(bench) as opened:
        await opened.enqueue(*await keys(bench))
        bench.forget_calls()
        yield opened


async def test_each_run_takes_its_own_opportunity_once(bench: Bench, ahead: Readers) -> None:
    runs = await ahead.start()
    assert len(runs) == len(await keys(bench)) > 7
    for run in runs:
        assert await ahead.taken(run) == (await ahead.link(run)).target
    assert bench.box.connectwise_calls.count("GET", LINES) == 1
    assert await ahead.taken(runs[0]) is not None
    assert bench.box.connectwise_calls.count("GET", LINES) == 2, "it was taken, so it is read again"


async def test_a_change_that_is_noticed_later_is_looked_at(bench: Bench, ahead: Readers) -> None:
    (first, *_) = runs = await ahead.start()
    assert await ahead.taken(first) is not None
    changed = runs[1]
    await ahead.enqueue(changed.key)
    await ahead.queue.settle(changed, Succeeded())
    again = await ahead.next()
    assert (again.key, again.generation) == (changed.key, changed.generation + 1)
    assert await ahead.taken(again) is None
    assert bench.box.connectwise_calls.count("GET", LINES) == 1, "what was read for the others stays"
    assert await ahead.taken(runs[2]) is not None


async def test_work_enqueued_anew_is_not_taken_for_what_was_read_before(ahead: Readers) -> None:
    """The count of enqueues begins again with a new job, the time of its first enqueue does not."""
    (first, *_) = runs = await ahead.start()
    assert await ahead.taken(first) is not None
    settled = runs[1]
    await ahead.queue.settle(settled, Succeeded())
    await ahead.enqueue(settled.key)
    again = await ahead.next()
    assert (again.key, again.generation) == (settled.key, settled.generation)
    assert await ahead.taken(again) is None


async def test_what_another_version_has_read_is_read_again(
    bench: Bench, redis: Redis, ahead: Readers
) -> None:
    (first, *_) = await ahead.start()
    await redis.set(f"{bench.namespace}:ahead:{first.key}", '{"other": 1}')
    assert await ahead.taken(first) == (await ahead.link(first)).target


async def test_a_later_attempt_reads_for_itself(ahead: Readers) -> None:
    (first, *_) = runs = await ahead.start()
    assert await ahead.taken(first) is not None
    failed = runs[1]
    await ahead.queue.settle(failed, Retried(FAILURE))
    again = await ahead.next()
    assert (again.key, again.attempts) == (failed.key, 1)
    assert await ahead.taken(again) is None


async def test_a_link_that_leads_elsewhere_meanwhile_is_respected(ahead: Readers) -> None:
    (first, second, *_) = await ahead.start()
    assert await ahead.taken(first) is not None
    assert await ahead.read_ahead.take(second, Link(target=999_999, how="person")) is None


async def test_too_few_jobs_are_not_worth_it(bench: Bench) -> None:
    async with readers(bench) as opened:
        await opened.enqueue(*(await keys(bench))[:4])
        bench.forget_calls()
        assert [await opened.taken(run) for run in await opened.start()] == [None] * 4
        assert bench.box.connectwise_calls.total == 0


async def test_more_lines_than_memory_should_hold_are_read_in_smaller_numbers(
    bench: Bench, ahead: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "_MAX_LINES", 8)
    runs = await ahead.start()
    assert [await ahead.taken(run) for run in runs[:6]] == [None] * 6
    # 150, 75, 37, 18, 9 and 5 at once; then it rests.
    assert bench.box.connectwise_calls.count("GET", LINES) == 6
    assert await ahead.taken(runs[6]) is None
    assert bench.box.connectwise_calls.count("GET", LINES) == 6


async def test_an_answer_that_fails_for_all_is_asked_for_once(bench: Bench, ahead: Readers) -> None:
    bench.box.connectwise_faults.add(
        FaultRule(name="odd", path=LINES, method="GET", action="alter", fields={"opportunity": "?"})
    )
    for run in await ahead.start():
        assert await ahead.taken(run) is None
    assert bench.box.connectwise_calls.count("GET", LINES) == 1
