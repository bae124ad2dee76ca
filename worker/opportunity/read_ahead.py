"""Reads the opportunities of a full sync in bulk, for the runs that come next: nearly all of them are as they should be.

The first run that looks reads its own opportunity together with those of the jobs that workers claim next. What it read stays in Redis
until its run takes it, for all workers. It can only show that nothing is to be written: a run that finds a difference reads for
itself. It counts for the enqueues before it was read, so a change that is noticed later is looked at, too.

{namespace}:ahead:{key}    JSON of one Snapshot; expires after ten minutes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import structlog

from cwbridge import clock, errors
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.links import Link, Links
from cwbridge.locks import Locks
from cwbridge.queue.job import Job, Run
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from worker.opportunity.project_key import FLOW
from worker.psa.line_plan import ActualLine
from worker.psa.product_lines import ProductLines

log = structlog.get_logger(__name__)
_MAX_AT_ONCE = 150
_ID_CHARACTERS = 1_300
"""What the ids may take of an address, each with its encoded comma; the rest of its 2,000 characters is for the path and the fields."""
_MIN_AT_ONCE = 5
"""Fewer opportunities at once save no call: one takes four calls, a reading of several at least three."""
_MAX_LINES = 5_000
_WAIT_SECONDS = 120.0
_KEPT_SECONDS = 600
_REST_SECONDS = 60.0


class Snapshot(msgspec.Struct, frozen=True):
    """An opportunity whose company is in use, with its lines, as they were read for the job enqueued at `since_ms`, `generation` times."""

    since_ms: int
    generation: int
    record: models.Opportunity
    lines: tuple[ActualLine, ...]


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(Snapshot)


class ReadAhead:
    """Snapshots of opportunities, each taken once."""

    def __init__(
        self,
        redis: Redis,
        client: connectwise.ConnectWiseClient,
        lines: ProductLines,
        *,
        queue: Queue,
        links: Links,
        locks: Locks,
    ) -> None:
        self._redis = redis
        self._prefix = f"{queue.namespace}:ahead:"
        self._client = client
        self._lines = lines
        self._queue = queue
        self._links = links
        self._locks = locks
        self._size = _MAX_AT_ONCE
        self._rests_until = float("-inf")

    async def take(self, run: Run, link: Link) -> Snapshot | None:
        """The opportunity of the run; None when it has to read for itself.

        Only the first attempt of a full sync's run is given one: an earlier attempt may have written since it was read.
        """
        if run.lane != "backlog" or run.mode != "verify" or run.attempts or run.crashes or run.waits:
            return None
        taken = await self._taken(run) or await self._taken_after_reading(run)
        return taken if taken is not None and taken.record.id == link.target else None

    async def _taken(self, run: Run) -> Snapshot | None:
        stored = await self._redis.getdel(self._prefix + run.key)
        try:
            found = None if stored is None else _decoder.decode(stored)
        except msgspec.DecodeError:
            # A worker of another version has read it.
            return None
        if found is None or (found.since_ms, found.generation) != (run.since_ms, run.generation):
            return None
        return found

    async def _taken_after_reading(self, run: Run) -> Snapshot | None:
        if clock.lasting_seconds() < self._rests_until:
            return None
        try:
            async with self._locks.hold("ahead:opportunity", wait=_WAIT_SECONDS):
                taken = await self._taken(run)
                if taken is None:
                    await self._read(run)
                    taken = await self._taken(run)
        except errors.Busy:
            return None
        except (errors.Malformed, errors.Refused) as error:
            log.info("read_ahead_failed", error=type(error).__name__)
            self._rest()
            return None
        return taken

    def _rest(self) -> None:
        """Leave it to the runs for a while: what fails for all of them would fail again with each."""
        self._rests_until = clock.lasting_seconds() + _REST_SECONDS

    async def _read(self, run: Run) -> None:
        """Read what this run and the next jobs need; fewer at once when their lines are too many to hold."""
        jobs = await self._next_jobs(run)
        if len(jobs) < _MIN_AT_ONCE:
            return
        rows = await self._opportunities([target for _, target in jobs.values()])
        lines = await self._lines.of_each("opportunity", rows, limit=_MAX_LINES)
        if lines is None:
            if self._size == _MIN_AT_ONCE:
                self._rest()
            self._size = max(_MIN_AT_ONCE, self._size // 2)
            return
        self._size = min(_MAX_AT_ONCE, self._size * 2)
        async with self._redis.pipeline(transaction=False) as pipe:
            for key, (job, target) in jobs.items():
                if target in rows and target in lines:
                    snapshot = Snapshot(job.since_ms, job.generation, rows[target], tuple(lines[target]))
                    pipe.set(self._prefix + key, _encoder.encode(snapshot), ex=_KEPT_SECONDS)
            await pipe.execute()

    async def _next_jobs(self, run: Run) -> Mapping[str, tuple[Job, int]]:
        """The jobs that nothing was read for yet, with their opportunities, by key; the run's own first.

        Only those whose opportunity held the content of the source when it was written last.
        """
        upcoming = await self._queue.upcoming(FLOW, "backlog", limit=self._size)
        jobs = {job.key: job for job in upcoming if job.mode == "verify"}
        unread = await self._unread(sorted(jobs, key=lambda key: key != run.key))
        links = await self._links.of_identities("opportunity", unread)
        settled = [
            (key, link.target)
            for key, link in links.items()
            if link.fingerprint and not (link.begun or link.finished)
        ]
        longest = max((len(f"{target}%2C") for _, target in settled), default=1)
        limit = min(self._size, _ID_CHARACTERS // longest)
        return {key: (jobs[key], target) for key, target in settled[:limit]}

    async def _unread(self, keys: Sequence[str]) -> list[str]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.exists(self._prefix + key)
            return [key for key, is_there in zip(keys, await pipe.execute(), strict=True) if not is_there]

    async def _opportunities(self, targets: Iterable[int]) -> dict[int, models.Opportunity]:
        """Those of the opportunities that were understood and whose company is not in the recycle bin, by id."""
        wanted = set(targets)
        found = await self._client.opportunities.find(
            field("id").one_of(sorted(wanted)), fields=self._client.opportunities.fields, limit=len(wanted)
        )
        rows = {row.id: row for row in found if type(row) is models.Opportunity and row.id in wanted}
        companies = {row.company.id for row in rows.values() if row.company is not None}
        if not companies:
            return {}
        living = {
            company.id
            for company in await self._client.companies.find(
                field("id").one_of(sorted(companies)), fields=("deletedFlag",), limit=len(companies)
            )
            if not company.deletedFlag
        }
        return {id_: row for id_, row in rows.items() if row.company is not None and row.company.id in living}
