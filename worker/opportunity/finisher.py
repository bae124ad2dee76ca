"""Finishes the opportunity of a project or option that has ended: a note, by setting a status, and no further writes."""

from __future__ import annotations

import structlog

from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link, Links
from worker.opportunity.opportunity_lines import OpportunityLines
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.sales_tables import SalesTables
from worker.opportunity.target import Found, Target

log = structlog.get_logger(__name__)


class Finisher:
    """Ends opportunities; it never deletes one and never creates one."""

    def __init__(
        self,
        target: Target,
        lines: OpportunityLines,
        sales_tables: SalesTables,
        links: Links,
        *,
        finished_status: str | None,
    ) -> None:
        self._target = target
        self._lines = lines
        self._sales_tables = sales_tables
        self._links = links
        self._finished_status = finished_status

    async def finish(self, key: ProjectKey, reason: str, link: Link | None) -> Event:
        """Leave a note on the opportunity and, by setting, give it a status; does nothing without an opportunity."""
        found = await self._target.find(key.external_id, link)
        if found is None:
            return Event(what="skipped", cause=reason)
        if not await self._target.is_over(found):
            await self._write(found, reason)
        await self._links.put(
            "opportunity", str(key), Link(target=found.record.id, how=found.link_rule(link), finished=reason)
        )
        log.info("opportunity_finished", opportunity_id=found.record.id, reason=reason)
        return Event(what="finished", target=found.record.id, cause=reason)

    async def _write(self, found: Found, reason: str) -> None:
        await self._lines.leave_each_once(found.record.id)
        text = f"cwbridge: {reason}; this opportunity is no longer updated."
        await self._target.note(found.record.id, text)
        if self._finished_status is not None:
            status = await self._sales_tables.status(
                self._finished_status, setting="opportunity.finished_status"
            )
            await self._target.update(found.record, {"status": {"id": status}})
