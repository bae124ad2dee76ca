"""Asks ConnectWise what other users changed on companies and contacts; the daemon's own writes make no echo.

A record that belongs to an account or contact of BSS enqueues the BSS key, so that no pair is written by two jobs. A record without a
link enqueues a key of its own, `connectwise/company/5` or `connectwise/contact/7`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Generic, TypeVar

from cwbridge import clock
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.flow import Flow, Polled
from cwbridge.ledger.links import Links
from cwbridge.limits.lane import Lane
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from producers import noticed
from producers.bss_collections import ACCOUNTS, CONTACTS, PolledCollection
from producers.noticed import NoticedChanges
from producers.reports import report
from producers.watermarks import Watermark

T = TypeVar("T", bound=models.Tracked)


class PairPoller(ABC, Generic[T]):
    """The poll (what changed since the watermark) and the full sync (every record without a link) of one table.

    `counterpart` is the collection of BSS that the records of the table belong to.
    """

    table: ClassVar[str]
    schedule: ClassVar[str]
    counterpart: ClassVar[PolledCollection]

    def __init__(
        self,
        resource: Resource[T],
        queue: Queue,
        flow: Flow,
        *,
        watermark: Watermark,
        links: Links,
        changes: NoticedChanges,
        overlap: timedelta,
    ) -> None:
        self._resource = resource
        self._queue = queue
        self._flow = flow
        self._watermark = watermark
        self._links = links
        self._changes = changes
        self._overlap = overlap

    async def poll(self) -> Polled:
        """Enqueue what changed, everything on the first poll; one call when nothing changed."""
        begun = await self._watermark.begin()
        rows = await self._listed(since=None if begun.since is None else begun.since - self._overlap)
        pairs = await self._keys_of_pairs(self.counterpart, (row.id for row in rows))
        changed = await self._changes.by_others(self.table, [row for row in rows if row.id in pairs])
        unlinked = self._candidates([row for row in rows if row.id not in pairs])
        lane: Lane = "fresh" if begun.since is not None else "backlog"
        enqueued = await self._queue.enqueue(
            *(self._verify(key, lane) for row in changed for key in pairs[row.id]),
            *(self._if_changed(row, lane) for row in unlinked),
        )
        await self._changes.note({self.table: changed})
        latest = max((moment for row in rows if (moment := _changed_at(row)) is not None), default=None)
        if latest is not None:
            await self._watermark.advance(latest, begun)
        return report(self.schedule, seen=len(rows), enqueued=enqueued)

    async def full_sync(self) -> Polled:
        """Enqueue every record without a link that can come to have one; those with a link are part of the full sync of BSS."""
        rows = await self._listed(since=None)
        pairs = await self._keys_of_pairs(self.counterpart, (row.id for row in rows))
        unlinked = await self._worth_a_look(self._candidates([row for row in rows if row.id not in pairs]))
        enqueued = await self._queue.enqueue(*(self._verify(self._key(row), "backlog") for row in unlinked))
        return report("bss_full_sync", seen=len(rows), enqueued=enqueued)

    @abstractmethod
    def _candidates(self, unlinked: Sequence[T]) -> Sequence[T]:
        """Those that may be created in BSS, as far as their rows tell."""

    @abstractmethod
    async def _worth_a_look(self, candidates: Sequence[T]) -> Sequence[T]:
        """Those that a full sync looks at although they have not changed."""

    async def _listed(self, *, since: datetime | None) -> list[T]:
        condition = field("lastUpdated").at_least(since) if since is not None else None
        rows = await self._resource.find(condition, fields=self._resource.fields)
        return [unclear.left_out(row) for row in rows]

    async def _keys_of_pairs(
        self, counterpart: PolledCollection, targets: Iterable[int]
    ) -> dict[int, list[str]]:
        """The BSS keys of each record that is linked to one; the ledger links companies of other flows as well."""
        linked = await self._links.of_targets(counterpart.link_kind, targets)
        named = {target: counterpart.keys_of(identities) for target, identities in linked.items()}
        return {target: keys for target, keys in named.items() if keys}

    def _key(self, row: T) -> str:
        return f"connectwise/{self.table}/{row.id}"

    def _if_changed(self, row: T, lane: Lane) -> Enqueue:
        return Enqueue(
            key=self._key(row),
            flow=self._flow.name,
            lane=lane,
            version=noticed.state(row),
            changed_ms=clock.ms_of(row.info.lastUpdated if row.info is not None else None),
        )

    def _verify(self, key: str, lane: Lane) -> Enqueue:
        """The source of the key has not changed: its target has."""
        return Enqueue(key=key, flow=self._flow.name, lane=lane, mode="verify")


class CompanyPoller(PairPoller[models.Company]):
    """Companies; those in the recycle bin are never created in BSS."""

    table = "company"
    schedule = "connectwise_companies_poll"
    counterpart = ACCOUNTS

    def _candidates(self, unlinked: Sequence[models.Company]) -> Sequence[models.Company]:
        return [row for row in unlinked if not row.deletedFlag]

    async def _worth_a_look(self, candidates: Sequence[models.Company]) -> Sequence[models.Company]:
        """All of them: a change of their types or of the settings does not move their time of change."""
        return candidates


class ContactPoller(PairPoller[models.Contact]):
    """Contacts; a full sync looks at those of linked companies only, because no other contact can be created in BSS."""

    table = "contact"
    schedule = "connectwise_contacts_poll"
    counterpart = CONTACTS

    def _candidates(self, unlinked: Sequence[models.Contact]) -> Sequence[models.Contact]:
        return [row for row in unlinked if row.company is not None]

    async def _worth_a_look(self, candidates: Sequence[models.Contact]) -> Sequence[models.Contact]:
        companies = {row.company.id for row in candidates if row.company is not None}
        linked = await self._keys_of_pairs(ACCOUNTS, companies)
        return [row for row in candidates if row.company is not None and row.company.id in linked]


def _changed_at(row: models.Tracked) -> datetime | None:
    return row.info.lastUpdated if row.info is not None else None
