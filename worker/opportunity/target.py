"""The opportunity in ConnectWise: found by link or mark, created once, its own fields kept right."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import structlog

from cwbridge import clock, errors, metrics
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.ledger.links import Link
from cwbridge.remembered import Remembered
from worker.opportunity.desired import DesiredOpportunity
from worker.opportunity.references import References
from worker.opportunity.text import one_line

log = structlog.get_logger()


class Found(msgspec.Struct, frozen=True):
    """The opportunity as it stands, how it was found, and whether this run made it (so that it holds no line)."""

    record: models.Opportunity
    how: Literal["link", "mark", "created"]


class Target:
    """Reads and writes opportunities of ours."""

    def __init__(self, client: connectwise.ConnectWiseClient) -> None:
        self._client = client
        self._statuses = Remembered(client.opportunity_statuses.find, seconds=600)

    async def find(self, mark: str, link: Link | None) -> Found | None:
        """By link, else by mark; raises Ambiguous when several opportunities carry the mark and no link decides."""
        if link is not None:
            try:
                return Found(await self._client.opportunities.get(link.target), "link")
            except errors.NotFound:
                log.warning("opportunity_gone", id=link.target, mark=mark)
        return await self._find_by_mark(mark)

    async def ensure_open(self, opportunity: models.Opportunity) -> None:
        """Raise Protected when the opportunity is closed: then it is no longer ours to change."""
        closed = {
            row.id for row in await self._statuses.get() if row.closedFlag or row.wonFlag or row.lostFlag
        }
        status = opportunity.status.id if opportunity.status else None
        if opportunity.closedDate is not None or status in closed:
            raise errors.Protected(
                "The opportunity is closed in ConnectWise",
                detail=f"opportunity {opportunity.id}",
                remedy="Reopen it in ConnectWise and requeue, or leave it as it is and archive this job.",
            )

    async def create(self, wanted: DesiredOpportunity, type_id: int, ids: References) -> Found:
        """Create the opportunity; after a lost answer its mark is looked for before anything else is sent."""
        try:
            record = await self._client.opportunities.create(_fields(wanted, type_id, ids))
        except errors.OutcomeUnknown:
            found = await self._find_by_mark(wanted.mark)
            if found is None:
                raise
            return found
        metrics.OBJECTS.labels("opportunity", "created").inc()
        log.info("opportunity_created", id=record.id, name=wanted.name)
        return Found(record, "created")

    async def update(
        self, current: models.Opportunity, wanted: DesiredOpportunity, type_id: int, ids: References
    ) -> int:
        """Bring the fields we own up to date; returns how many differed."""
        changes = _changes(current, _fields(wanted, type_id, ids))
        if changes:
            await self._client.opportunities.patch(current.id, *changes)
            metrics.OBJECTS.labels("opportunity", "updated").inc()
            log.info("opportunity_updated", id=current.id, fields=[change.path for change in changes])
        return len(changes)

    async def _find_by_mark(self, mark: str) -> Found | None:
        rows = [
            row
            for row in await self._client.opportunities.find(field("source").equals(mark))
            if (row.source or "") == mark
        ]
        if len(rows) > 1:
            raise errors.Ambiguous(
                "Several opportunities carry the mark of one project",
                detail=f"{mark}: opportunities {', '.join(str(row.id) for row in rows)}",
                remedy="Clear the field Source on all but one of them in ConnectWise, then requeue.",
            )
        return Found(rows[0], "mark") if rows else None


def _fields(wanted: DesiredOpportunity, type_id: int, ids: References) -> dict[str, Any]:
    """Every field of an opportunity that we write."""
    return {
        "name": wanted.name,
        "source": wanted.mark,
        "type": {"id": type_id},
        "notes": wanted.notes,
        "expectedCloseDate": clock.iso(wanted.close_date),
        "primarySalesRep": {"id": ids.rep},
        "company": {"id": ids.company},
        "contact": {"id": ids.contact},
        "site": {"id": ids.site},
    }


def _changes(current: models.Opportunity, wanted: dict[str, Any]) -> list[Change]:
    """A whole-value replacement for each field that differs; references are replaced whole, as sub-paths do nothing."""
    return [
        Change("replace", f"/{name}", value)
        for name, value in wanted.items()
        if _comparable(getattr(current, name)) != _comparable(value)
    ]


def _comparable(value: Any) -> object:
    if isinstance(value, dict):
        return value["id"]
    if isinstance(value, models.Reference):
        return value.id
    if hasattr(value, "astimezone"):
        return clock.iso(value)
    return one_line(value) if isinstance(value, str) else value
