"""Asks one collection of BSS what changed and enqueues the keys; reads lists only and never writes to a target."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from cwbridge import clock
from cwbridge.connectors import unclear
from cwbridge.connectors.bss import filters, models, refusals
from cwbridge.connectors.bss.client import Collection, ListPage, Tally
from cwbridge.connectors.bss.times import ServerTimes
from cwbridge.flow import Flow, Polled
from cwbridge.ledger.links import Links
from cwbridge.ledger.own_writes import OwnWrites
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.text import digest
from producers.bss_collections import PolledCollection
from producers.poll_modes import PollMode, PollModes, Way
from producers.reports import report
from producers.watermarks import Begun, Watermark

T = TypeVar("T", bound=models.Row)
# Whatever the zones of the server's times and of its literals, they are no more than 26 hours apart.
_UNCERTAIN_OVERLAP = timedelta(hours=26)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Reading:
    """What one reading of a list has seen and enqueued."""

    def __init__(self, begun: Begun) -> None:
        self.begun = begun
        self.tally = Tally()
        self.enqueued = 0
        self.latest: datetime | None = None

    def add(self, page: ListPage[T]) -> None:
        """Count a page."""
        self.tally.add(page)
        moments = [row.updatedAt for row in page.rows if row.updatedAt is not None]
        self.latest = max([*moments, *([self.latest] if self.latest else [])], default=None)


class BssPoller(Generic[T]):
    """The poll (what changed since the watermark) and the full sync (every record, whatever its time stamps say)."""

    def __init__(
        self,
        collection: Collection[T],
        polled: PolledCollection,
        queue: Queue,
        flow: Flow,
        *,
        watermark: Watermark,
        links: Links,
        own_writes: OwnWrites,
        modes: PollModes,
        times: ServerTimes,
        overlap: timedelta,
    ) -> None:
        self._collection = collection
        self._polled = polled
        self._queue = queue
        self._flow = flow
        self._watermark = watermark
        self._links = links
        self._own_writes = own_writes
        self._modes = modes
        self._times = times
        self._overlap = overlap
        self._way: Way | None = None

    @property
    def schedule(self) -> str:
        """The name of the poll's schedule."""
        return f"bss_{self._polled.name}_poll"

    async def poll(self) -> Polled:
        """Enqueue what changed; one call when nothing did, one for each page where the server cannot tell what changed."""
        way = await self._found_way()
        begun = await self._watermark.begin()
        try:
            return await self._read(begun, way)
        except refusals.RequestInvalid:
            self._way = None
            raise

    async def full_sync(self) -> Polled:
        """Enqueue every record, and the linked ones that the list no longer shows; their jobs find out what became of them."""
        reading = Reading(await self._watermark.begin())
        async for page in _clear(self._collection.pages()):
            reading.add(page)
            reading.enqueued += await self._queue.enqueue(*(self._verify(row.record_id) for row in page.rows))
        if reading.tally.is_whole:
            missing = await self._not_listed(reading.tally.ids)
            reading.enqueued += await self._queue.enqueue(*(self._verify(gone) for gone in missing))
        return await self._ended(reading, "bss_full_sync")

    async def _found_way(self) -> Way:
        """How this tenant lets changes be found: asked for once by each process."""
        if self._way is None:
            self._way = await self._accepted_way()
            await self._note_mode(self._way)
        return self._way

    async def _accepted_way(self) -> Way:
        try:
            await self._collection.page(1, filters.updated_after(_LONG_AGO), size=1)
        except refusals.RequestInvalid:
            pass
        else:
            return "filter"
        try:
            await self._collection.page(1, order=filters.NEWEST_FIRST, size=1)
        except refusals.RequestInvalid:
            return "content"
        return "order"

    async def _note_mode(self, way: Way) -> None:
        await self._modes.note(self._polled.name, PollMode(way, self._times.are_uncertain))

    async def _pages(self, way: Way, known: datetime | None) -> AsyncIterator[ListPage[T]]:
        """The pages that hold whatever changed since `known`, all of them before the first complete reading."""
        since = known - self._lookback if known is not None else None
        if since is None or way == "content":
            async for page in _clear(self._collection.pages()):
                yield page
        elif way == "filter":
            async for page in _clear(self._collection.pages(filters.updated_after(since))):
                yield page
        else:
            async for page in _clear(self._collection.pages(order=filters.NEWEST_FIRST)):
                yield msgspec.structs.replace(page, total=None)
                if reaches_back_to(since, page.rows):
                    return

    @property
    def _lookback(self) -> timedelta:
        return max(self._overlap, _UNCERTAIN_OVERLAP) if self._times.are_uncertain else self._overlap

    async def _read(self, begun: Begun, way: Way) -> Polled:
        reading = Reading(begun)
        async for page in self._pages(way, begun.since):
            reading.add(page)
            reading.enqueued += await self._enqueue_changed(page.rows)
        await self._note_mode(way)
        return await self._ended(reading, self.schedule)

    async def _enqueue_changed(self, rows: Sequence[T]) -> int:
        """Enqueue the rows that another user changed, each content once."""
        states = [(f"{self._polled.noun}:{row.record_id}", row.updatedAt) for row in rows]
        ours = await self._own_writes.among(states)
        return await self._queue.enqueue(
            *(
                self._if_changed(row)
                for (record, _), row in zip(states, rows, strict=True)
                if record not in ours
            )
        )

    async def _ended(self, reading: Reading, schedule: str) -> Polled:
        """The watermark moves only after everything is enqueued, and only when no row can have been passed over."""
        if reading.tally.is_whole and reading.latest is not None:
            await self._watermark.advance(reading.latest, reading.begun)
        return report(schedule, seen=len(reading.tally.ids), enqueued=reading.enqueued)

    async def _not_listed(self, listed: set[int | str]) -> list[str]:
        linked = {
            record_id
            async for identity, _ in self._links.each(self._polled.link_kind)
            if (record_id := self._polled.record_id(identity)) is not None
        }
        return sorted(linked - set(map(str, listed)))

    def _if_changed(self, row: T) -> Enqueue:
        """The version is the content of the row with its time of change."""
        version = digest(msgspec.json.encode(row))
        return Enqueue(
            key=self._polled.key(row.record_id),
            flow=self._flow.name,
            lane="fresh",
            version=version,
            changed_ms=clock.ms_of(row.updatedAt),
        )

    def _verify(self, record_id: int | str) -> Enqueue:
        return Enqueue(key=self._polled.key(record_id), flow=self._flow.name, lane="backlog", mode="verify")


async def _clear(pages: AsyncIterator[ListPage[T]]) -> AsyncIterator[ListPage[T]]:
    """The pages without fields that cannot be understood: one odd row must not hide the others, and its own job names the field."""
    async for page in pages:
        yield msgspec.structs.replace(page, rows=[unclear.left_out(row) for row in page.rows])


def reaches_back_to(since: datetime, rows: Sequence[models.Row]) -> bool:
    """Whether later pages hold older rows only: a server that does not sort after all is read to the end."""
    moments = [row.updatedAt for row in rows if row.updatedAt is not None]
    is_sorted = len(moments) == len(rows) and moments == sorted(moments, reverse=True)
    return is_sorted and bool(moments) and moments[-1] <= since
