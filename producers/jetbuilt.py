"""Asks Jetbuilt what changed and enqueues the keys; never reads more than the list and never writes to a target."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import structlog

from cwbridge import clock, metrics
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.connectors.jetbuilt import models
from cwbridge.keys import Key
from cwbridge.ledger.links import Links
from cwbridge.ledger.sightings import NOT_LISTED, Sightings
from cwbridge.limits.lane import Lane
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from producers.watermarks import Watermark

log = structlog.get_logger()


class Polled(msgspec.Struct, frozen=True):
    """What a poll saw and how many keys it newly marked as wanted."""

    projects: int
    enqueued: int
    families: frozenset[int] = frozenset()


class JetbuiltPoller:
    """The poll (what changed since the watermark) and the full pass (everything, whatever its time stamps say)."""

    def __init__(
        self,
        client: jetbuilt.JetbuiltClient,
        queue: Queue,
        *,
        watermark: Watermark,
        sightings: Sightings,
        links: Links,
        overlap: timedelta,
    ) -> None:
        self._client = client
        self._queue = queue
        self._watermark = watermark
        self._sightings = sightings
        self._links = links
        self._overlap = overlap

    async def poll(self) -> Polled:
        """Enqueue what changed; one call when nothing did. The overlap sees some again, their version tells them."""
        known = await self._watermark.get()
        since = None if known is None else known - self._overlap
        return await self._read(since, "fresh", "jetbuilt_poll")

    async def full_sync(self) -> Polled:
        """Enqueue every project: catches what time stamps miss, such as edits of items only."""
        polled = await self._read(None, "backlog", "jetbuilt_full_sync")
        gone = await self._not_listed(polled.families)
        await self._sightings.note({key.family: NOT_LISTED for key in gone})
        enqueued = await self._queue.enqueue(*(Enqueue(key=str(key), lane="backlog") for key in gone))
        return msgspec.structs.replace(polled, enqueued=polled.enqueued + enqueued)

    async def _not_listed(self, listed: frozenset[int]) -> list[Key]:
        """Projects with an opportunity that the list no longer shows; their jobs find out what became of them."""
        keys = [Key.parse(source) for source in await self._links.all("opportunity")]
        return sorted(key for key in keys if key.option is None and key.family not in listed)

    async def _read(self, since: datetime | None, lane: Lane, schedule: str) -> Polled:
        """All pages; the watermark moves to the time of the first answer, and only after the last page is enqueued."""
        page: int | None = 1
        first_answer: datetime | None = None
        enqueued = 0
        seen: list[int] = []
        while page is not None:
            answer = await self._client.projects_page(page=page, updated_since=since)
            first_answer = first_answer or answer.server_time or clock.utc_now()
            await self._sightings.note({project.family: project.id for project in answer.items})
            enqueued += await self._queue.enqueue(*(_enqueue(project, lane) for project in answer.items))
            seen += (project.family for project in answer.items)
            page = answer.next_page
        if first_answer is not None:
            await self._watermark.advance(first_answer)
        metrics.KEYS_WANTED.labels(schedule).inc(enqueued)
        if enqueued:
            log.info("keys_wanted", schedule=schedule, projects=len(seen), enqueued=enqueued)
        return Polled(len(seen), enqueued, frozenset(seen))


def _enqueue(project: models.ListedProject, lane: Lane) -> Enqueue:
    """A full pass wants every project; a poll only what differs from the version it enqueued last."""
    version = f"{project.id}@{project.updated_at}" if lane == "fresh" and project.updated_at else ""
    return Enqueue(key=str(Key(project.family)), lane=lane, version=version)
