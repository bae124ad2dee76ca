"""Polls Jetbuilt's project list and enqueues the keys of changed projects."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from cwbridge import clock
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.connectors.jetbuilt import models
from cwbridge.flow import Flow, Polled
from cwbridge.ledger.hints import NOT_LISTED, Hints
from cwbridge.ledger.links import Links
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from producers.reports import report
from producers.watermarks import Begun, Watermark


class Listed(msgspec.Struct, frozen=True):
    """What one reading of the project list saw: the families in it, and the result of the poll or full sync."""

    families: tuple[int, ...]
    polled: Polled


class JetbuiltPoller:
    """The poll (what changed since the watermark) and the full sync (every project, whatever its time stamps say)."""

    def __init__(
        self,
        client: jetbuilt.JetbuiltClient,
        queue: Queue,
        flow: Flow,
        *,
        watermark: Watermark,
        active: Hints,
        links: Links,
        overlap: timedelta,
    ) -> None:
        self._client = client
        self._queue = queue
        self._flow = flow
        self._watermark = watermark
        self._active = active
        self._links = links
        self._overlap = overlap

    async def poll(self) -> Polled:
        """Enqueue what changed; one call when nothing did. The overlap lists some projects again; their known version skips them."""
        begun = await self._watermark.begin()
        since = None if begun.since is None else begun.since - self._overlap
        return (await self._read(begun, since, "jetbuilt_poll", full=False)).polled

    async def full_sync(self) -> Polled:
        """Enqueue every project: this catches what time stamps miss, such as edits of items only."""
        listed = await self._read(await self._watermark.begin(), None, "jetbuilt_full_sync", full=True)
        gone = await self._not_listed(frozenset(listed.families))
        await self._active.note(dict.fromkeys(gone, NOT_LISTED))
        enqueued = await self._queue.enqueue(*(self._verify(family) for family in gone))
        return Polled(seen=len(listed.families), enqueued=listed.polled.enqueued + enqueued)

    async def _not_listed(self, listed: frozenset[int]) -> list[int]:
        """Families with an opportunity that the list no longer shows; their jobs find out what became of them."""
        families = {
            family
            async for key, _ in self._links.each(self._flow.link_kinds[0].name)
            if (family := _family(key))
        }
        return sorted(families - listed)

    async def _read(self, begun: Begun, since: datetime | None, schedule: str, *, full: bool) -> Listed:
        """Read all pages; the watermark moves to the time of the first answer, and only after the last page is enqueued."""
        page: int | None = 1
        first_answer: datetime | None = None
        enqueued = 0
        families: list[int] = []
        while page is not None:
            answer = await self._client.projects_page(page=page, updated_since=since)
            first_answer = first_answer or answer.server_time or clock.utc_now()
            await self._active.note({project.family: project.id for project in answer.items})
            enqueued += await self._queue.enqueue(
                *(
                    self._verify(project.family) if full else self._if_changed(project)
                    for project in answer.items
                )
            )
            families += (project.family for project in answer.items)
            page = answer.next_page
        if first_answer is not None:
            await self._watermark.advance(first_answer, begun)
        return Listed(tuple(families), report(schedule, seen=len(families), enqueued=enqueued))

    def _if_changed(self, project: models.ListedProject) -> Enqueue:
        """Skips a version of the project that was already enqueued."""
        version = f"{project.id}@{project.updated_at}" if project.updated_at else ""
        return Enqueue(
            key=_key(project.family),
            flow=self._flow.name,
            lane="fresh",
            version=version,
            changed_ms=clock.ms_of(project.updated_at),
        )

    def _verify(self, family: int) -> Enqueue:
        return Enqueue(key=_key(family), flow=self._flow.name, lane="backlog", mode="verify")


def _key(family: int) -> str:
    return f"jetbuilt/project/{family}"


def _family(key: str) -> int | None:
    """The family of a project's key; None for the key of one of its options."""
    head, _, family = key.rpartition("/")
    return int(family) if head == "jetbuilt/project" else None
