"""Polls ConnectWise for what other users changed on linked opportunities, their lines and the catalog; ignores the daemon's own writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
import structlog

from cwbridge import clock, metrics
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.flow import Flow
from cwbridge.ledger.catalog import CatalogCache
from cwbridge.ledger.links import Links
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.text import folded
from producers.noticed import NoticedChanges
from producers.watermarks import Watermark

log = structlog.get_logger(__name__)
T = TypeVar("T", bound=models.Tracked)
_FIRST_LOOK_BACK = timedelta(minutes=10)


class Noticed(msgspec.Struct, frozen=True):
    """What a poll found: changes by other users, keys newly enqueued, catalog items to look up again."""

    changes: int
    enqueued: int
    catalog: int


class ConnectWisePoller:
    """Enqueues opportunities that other users changed since the daemon's last write."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        queue: Queue,
        flow: Flow,
        *,
        watermark: Watermark,
        noticed: NoticedChanges,
        links: Links,
        catalog: CatalogCache,
        overlap: timedelta,
    ) -> None:
        self._client = client
        self._queue = queue
        self._flow = flow
        self._watermark = watermark
        self._noticed = noticed
        self._links = links
        self._catalog = catalog
        self._overlap = overlap

    async def poll(self) -> Noticed:
        """Enqueue the keys of opportunities that other users touched; three calls when nothing changed."""
        begun = await self._watermark.begin()
        since = (begun.since or clock.utc_now() - _FIRST_LOOK_BACK) - self._overlap
        opportunities = await self._changed(self._client.opportunities, since)
        products = await self._changed(self._client.products, since)
        items = await self._changed(self._client.catalog, since)
        others = await self._noticed.by_others("opportunity", opportunities)
        touched = await self._noticed.by_others("product", products)
        changed_items = await self._noticed.by_others("catalog", items)
        await self._catalog.drop(folded(row.identifier) for row in changed_items)
        keys = await self._keys(others, touched)
        enqueued = await self._queue.enqueue(
            *(Enqueue(key=key, flow=self._flow.name, lane="backlog", mode="verify") for key in sorted(keys))
        )
        await self._noticed.note({"opportunity": others, "product": touched, "catalog": changed_items})
        latest = _latest([*opportunities, *products, *items])
        if latest is not None:
            await self._watermark.advance(latest, begun)
        metrics.JOBS_ENQUEUED.labels("connectwise_poll").inc(enqueued)
        noticed = Noticed(len(others) + len(touched) + len(changed_items), enqueued, len(changed_items))
        if noticed.changes:
            log.info("connectwise_changes_noticed", changes=noticed.changes, enqueued=enqueued)
        return noticed

    async def _changed(self, resource: Resource[T], since: datetime) -> list[T]:
        rows = await resource.find(field("lastUpdated").at_least(since), fields=resource.fields)
        return [unclear.left_out(row) for row in rows]

    async def _keys(
        self, opportunities: list[models.Opportunity], products: list[models.ProductItem]
    ) -> set[str]:
        named = {key for row in opportunities if (key := self._flow.key_of(row.source)) is not None}
        touched = {row.opportunity.id for row in products if row.opportunity is not None}
        linked = await self._links.of_targets(self._flow.link_kinds[0].name, touched)
        return named.union(*linked.values())


def _latest(rows: Iterable[models.Tracked]) -> datetime | None:
    moments = [
        row.info.lastUpdated for row in rows if row.info is not None and row.info.lastUpdated is not None
    ]
    return max(moments, default=None)
