"""Plays a case: both stand-ins, a Redis, the real flow; after each step what is expected is compared with what is there."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from console import services
from cwbridge import connections
from cwbridge.flow import FlowContext, Registration
from cwbridge.ledger.history import Event
from cwbridge.queue.job import Enqueue, Job
from cwbridge.queue.runner import Runner
from cwbridge.redis import Redis
from sandbox.server import Options
from tests.conformance import compare, run_end, seen
from tests.conformance.case import By, Case, Expected, Given
from tests.conformance.compare import Difference
from tests.conformance.connectwise_side import EXTERNAL_ID, SET_UP, ConnectWiseSide
from tests.conformance.jetbuilt_side import FAMILY, STANDARD, JetbuiltSide, world
from tests.support.bench import Bench
from tests.support.books import Row as Record
from tests.support.jetbuilt import Jetbuilt
from tests.support.jobs import claimed
from tests.support.recorder import RecordedSandbox
from worker.opportunity.project_key import ProjectKey

WORLD = world()
KEY = str(ProjectKey(FAMILY))
FLOW = "opportunity"
_DEADLINE_SECONDS = 20.0
_PAUSE_SECONDS = 0.005
_UNSET = "(unset)"


class Play:
    """One case on a bench of its own."""

    def __init__(self, box: RecordedSandbox, bench: Bench) -> None:
        self.box = box
        self._bench = bench
        self._jetbuilt = JetbuiltSide(box)
        self._connectwise = ConnectWiseSide(box.connectwise)
        self._names = {words: self._names_of(words) for words in SET_UP}
        self._opportunities: dict[str, int] = {}
        self._lines: dict[str, int] = {}
        self._events = 0
        self._writes = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, redis: Redis, redis_url: str) -> AsyncIterator[Play]:
        namespace = f"c{uuid.uuid4().hex[:12]}"
        async with (
            RecordedSandbox(Options(limits=False), world=WORLD) as box,
            Jetbuilt.at(box.jetbuilt_url) as jetbuilt,
        ):
            bench = Bench(box, redis, redis_url, namespace, jetbuilt)
            bench.changes = {"connectwise": {"default_sales_rep": STANDARD["default_sales_rep"]}}
            yield cls(box, bench)

    async def case(self, case: Case) -> list[Difference]:
        """Play all steps; what is not as expected, with the number of the step."""
        differences = await self.step(case.given, case.expect, None, first=True)
        for number, step in enumerate(case.then, start=1):
            found = await self.step(step.change, step.expect, step.by)
            differences += (Difference(f"then {number}: {d.what}", d.expected, d.actual) for d in found)
        return differences

    async def step(
        self, given: Given, expect: Expected, by: By | None, *, first: bool = False
    ) -> list[Difference]:
        """Make the changes of the step, run cwbridge, compare."""
        await self._remember()
        edited = first or given != Given(
            settings=given.settings, connectwise=given.connectwise, redis=given.redis
        )
        if edited:
            self._jetbuilt.change(given)
        self._connectwise.change(given.connectwise)
        meanwhile = given.connectwise.catalog_meanwhile
        if meanwhile:
            self.box.before(
                "POST", "/procurement/catalog", lambda: self._connectwise.catalog_items(meanwhile)
            )
        self._bench.changes = _merged(self._bench.changes, given.settings)
        if given.redis == "wiped":
            await self._wipe()
        self._writes = len(self.box.connectwise.writes)
        self._lines = self._line_ids()
        if by is None and given.deleted:
            await self._bench.queue.enqueue(Enqueue(key=KEY, flow="opportunity", lane="backlog"))
        else:
            await self._notice(by or ("poll" if edited else "full sync"))
        await self._work(patient=by == "waiting")
        return await self._compare(expect)

    async def _notice(self, by: By) -> None:
        """What starts the run: the poll, the full sync, or a requeue; with `waiting` only the end of the wait."""
        queue = self._bench.queue
        if by == "requeue":
            await queue.requeue(*[job.key for job in await queue.jobs(limit=100)])
        elif by in {"poll", "full sync"}:
            async with (
                self._opened() as (registration, context),
                registration.source.open(context, registration.flow) as poller,
            ):
                await poller.poll(full=by == "full sync")

    async def _work(self, *, patient: bool) -> None:
        """Run what is due, and what a failed run wants again soon; with `patient`, also what waits by itself."""
        queue = self._bench.queue
        async with (
            asyncio.timeout(_DEADLINE_SECONDS),
            self._opened() as (registration, context),
            registration.flow.open_handler(context) as handler,
        ):
            runner = Runner(queue, {FLOW: handler})
            while True:
                for delivery in await claimed(queue, 50):
                    await runner.run(delivery.key, delivery.fencing_token)
                if not any(_goes_on(job, patient=patient) for job in await queue.jobs(limit=100)):
                    return
                await asyncio.sleep(_PAUSE_SECONDS)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[Registration, FlowContext]]:
        """The flow with its source, and open connections, under the settings of the moment."""
        settings, redis = self._bench.settings(), self._bench.redis
        registration = services.switched_on(settings).registrations[FLOW]
        async with connections.open_all(settings, redis, registration.flow.systems) as clients:
            yield registration, FlowContext.over(settings, redis, clients)

    async def _compare(self, expect: Expected) -> list[Difference]:
        differences = await self._of_key(KEY, EXTERNAL_ID, expect)
        for number, wanted in expect.option.items():
            found = await self._of_key(f"{KEY}/option/{number}", f"{EXTERNAL_ID}:option:{number}", wanted)
            differences += (Difference(f"option {number}: {d.what}", d.expected, d.actual) for d in found)
        return differences + list(self._of_tenant(expect))

    async def _of_key(self, key: str, external_id: str, expect: Expected) -> list[Difference]:
        job = await self._bench.job(key)
        events = await self._bench.history(key)
        happened = events[0] if events and len(events) > self._known.get(key, 0) else None
        row = next(iter(self.box.connectwise.table("sales/opportunities").find("source", external_id)), None)
        differences = [
            *run_end.outcome(expect, job, happened),
            *_of_event(expect, happened),
            *self._identity(expect, external_id, row),
        ]
        if row is not None:
            differences += self._of_opportunity(expect, row)
        elif expect.opportunity or expect.lines:
            differences.append(Difference("opportunity", "one with the external id " + external_id, "none"))
        return differences

    def _identity(self, expect: Expected, external_id: str, row: Record | None) -> Iterator[Difference]:
        if expect.same_opportunity is not None:
            before = self._opportunities.get(external_id)
            yield from compare.text(
                "the same opportunity as before",
                expect.same_opportunity,
                row is not None and before == row["id"],
            )

    def _of_opportunity(self, expect: Expected, row: Record) -> Iterator[Difference]:
        books = self._bench.books
        yield from compare.record("opportunity", expect.opportunity, seen.OPPORTUNITY, books, row)
        for what, view, table in (
            ("company", seen.COMPANY, "company/companies"),
            ("contact", seen.CONTACT, "company/contacts"),
            ("site", seen.SITE, "company/companies/sites"),
        ):
            wanted = getattr(expect, what)
            if wanted:
                yield from compare.record(what, wanted, view, books, books.row(table, row[what]))
        lines = self.box.connectwise.table(seen.PRODUCTS).find("opportunity/id", row["id"])
        lines.sort(key=lambda line: (line.get("sequenceNumber", 0), line["id"]))
        if expect.lines is not None:
            yield from compare.table("lines", expect.lines, seen.LINE, books, lines)
        if expect.lines_kept is not None:
            now = self._line_ids()
            kept = [name for name, number in self._lines.items() if now.get(name) == number]
            yield from compare.text("lines kept", sorted(expect.lines_kept), sorted(kept))
        if expect.notes is not None:
            notes = self.box.connectwise.table("sales/opportunities/notes").find("opportunityId", row["id"])
            yield from compare.text("notes", expect.notes, [note["text"] for note in notes])

    def _of_tenant(self, expect: Expected) -> Iterator[Difference]:
        books = self._bench.books
        if expect.opportunities is not None:
            rows = books.rows("sales/opportunities")
            yield from compare.table("opportunities", expect.opportunities, seen.OPPORTUNITY, books, rows)
        if expect.catalog is not None:
            rows = sorted(books.rows(seen.CATALOG), key=lambda row: (row["identifier"].casefold(), row["id"]))
            yield from compare.table("catalog", expect.catalog, seen.CATALOG_ITEM, books, rows)
        for words, wanted in expect.rows.items():
            table = min((name for name in self.box.connectwise.tables if name.endswith("/" + words)), key=len)
            yield from compare.text(f"rows of {words}", wanted, len(books.rows(table)))
        for words, names in expect.names.items():
            added = [name for name in self._names_of(words) if name not in self._names[words]]
            yield from compare.text(f"new names of {words}", sorted(names), sorted(added))
        if expect.writes is not None:
            written = [f"{w.method} {w.path}" for w in self.box.connectwise.writes[self._writes :]]
            yield from compare.text(
                "writes", expect.writes, f"{len(written)}" + "".join(f"\n{w}" for w in written)
            )

    async def _remember(self) -> None:
        """What this step is compared with."""
        keys = [KEY, *(f"{KEY}/option/{number}" for number in range(1, 10))]
        self._known = {key: len(await self._bench.history(key)) for key in keys}
        rows = self.box.connectwise.table("sales/opportunities")
        self._opportunities = {row["source"]: row["id"] for row in rows if row.get("source")}

    def _line_ids(self) -> dict[str, int]:
        books = self._bench.books
        return {seen.LINE["line"](books, row): row["id"] for row in books.rows(seen.PRODUCTS)}

    def _names_of(self, words: str) -> list[str]:
        table, field = SET_UP[words]
        return [str(row[field]) for row in self.box.connectwise.table(table)]

    async def _wipe(self) -> None:
        redis = self._bench.redis
        names = [name async for name in redis.scan_iter(match=f"{self._bench.namespace}:*")]
        if names:
            await redis.delete(*names)


def _goes_on(job: Job, *, patient: bool) -> bool:
    """Whether something more comes of the job in this step."""
    if job.state == "waiting":
        return patient
    return job.state in {"scheduled", "due", "dispatched", "running"}


def _of_event(expect: Expected, happened: Event | None) -> Iterator[Difference]:
    told = happened or Event(what="unchanged")
    if expect.reason is not None:
        yield from compare.part("reason", expect.reason, told.cause)
    for name in ("total", "difference"):
        wanted = getattr(expect, name)
        if wanted is not None:
            yield from compare.text(name, wanted, told.amounts.get(name, ""))
    if expect.reported is not None:
        yield from compare.text("reported", expect.reported, [seen.report(one) for one in told.discrepancies])
    if expect.matched:
        yield from compare.fields("matched", expect.matched, seen.matched(told.matches))


def _merged(one: Any, other: Any) -> dict[str, dict[str, Any]]:
    merged = {section: {**one.get(section, {}), **other.get(section, {})} for section in {**one, **other}}
    return {
        section: {name: None if value == _UNSET else value for name, value in values.items()}
        for section, values in merged.items()
    }
