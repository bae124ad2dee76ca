"""The opportunity in ConnectWise: found by link or external id, created once, its own fields kept up to date, never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import structlog

from cwbridge import concurrency, errors
from cwbridge.cache import CachedValue
from cwbridge.connectors import write_guard
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.links import How, Link
from cwbridge.text import one_line
from worker.opportunity.plan import is_own
from worker.opportunity.project_key import FLOW, ProjectKey
from worker.psa.default_fields import naming_default_field
from worker.psa.object_counter import ObjectCounter
from worker.psa.patches import changes_of

log = structlog.get_logger(__name__)


class Found(msgspec.Struct, frozen=True):
    """The opportunity as it stands, and how it was found; one that this run `created` holds no line yet."""

    record: models.Opportunity
    how: Literal["link", "external_id", "created"]
    converted: bool | None = None
    """Whether it was converted; None when ConnectWise was not asked yet."""

    def link_rule(self, link: Link | None) -> How:
        """The rule by which the opportunity belongs to its key; a link that still leads to it keeps its rule."""
        if self.how == "link" and link is not None:
            return link.how
        return "external_id" if self.how == "external_id" else "created"


class Target:
    """Reads and writes the opportunities of this flow."""

    def __init__(self, client: connectwise.ConnectWiseClient, api_member: ApiMember) -> None:
        self._client = client
        self._api_member = api_member
        self._objects = ObjectCounter(FLOW)
        self._statuses = CachedValue(client.opportunity_statuses.find, ttl=600)

    async def find(self, external_id: str, link: Link | None) -> Found | None:
        """By link, else by external id; raises Ambiguous when several opportunities carry it and no link decides.

        Raises Refused when the linked opportunity no longer exists: one that was deleted, or lost with a restored backup, is
        not silently created again.
        """
        if link is None:
            return await self._find_by_external_id(external_id)
        try:
            linked = await self._read(link.target)
        except errors.NotFound:
            found = await self._find_by_external_id(external_id)
        else:
            if link.how == "person" or _of_one_family(linked.record.source, external_id):
                return linked
            found = await self._find_by_external_id(external_id)
            if found is None:
                await self._ensure_own(linked.record, external_id)
                return linked
        if found is None:
            raise errors.Refused(
                "The linked opportunity no longer exists in ConnectWise",
                detail=f"opportunity {link.target}, external id {external_id}",
                remedy="If it was deleted by mistake or by a restored backup, bring it back; "
                f"to create a new one: cwbridge links unlink {ProjectKey.of_external_id(external_id)}, then requeue the job.",
            )
        return found

    async def _read(self, opportunity: int) -> Found:
        """A linked opportunity, with the answer whether it was converted: one wait for both."""
        async with concurrency.group() as tasks:
            record = tasks.create_task(self._client.opportunities.get(opportunity))
            converted = tasks.create_task(self._client.converted(opportunity))
        return Found(record.result(), "link", converted=converted.result())

    async def _ensure_own(self, linked: models.Opportunity, external_id: str) -> None:
        """Raise Refused unless a line proves the opportunity: a user may change its Source, and a restored backup may reuse its id."""
        rows = await self._client.products.find(
            field("opportunity/id").equals(linked.id), fields=("id", "integrationXRef")
        )
        if not any(is_own(row.integrationXRef or "") for row in rows):
            raise errors.Refused(
                "The linked opportunity is no longer the project's: neither its Source nor a line shows that it is",
                detail=f"opportunity {linked.id}, Source {linked.source!r} instead of {external_id}",
                remedy="If it is, set its Source in ConnectWise to that text; "
                f"if not: cwbridge links unlink {ProjectKey.of_external_id(external_id)}, then requeue the job.",
            )

    async def is_over(self, found: Found) -> bool:
        """Whether the opportunity is closed or converted, so that runs no longer write it."""
        return await self.protection(found) is not None

    async def protection(self, found: Found) -> errors.Protected | None:
        """Why the opportunity is not written any more: it is closed or converted; None when it is open."""
        opportunity, converted = found.record, found.converted
        if await self.is_closed(opportunity):
            return errors.Protected(
                "The opportunity is closed in ConnectWise",
                detail=f"opportunity {opportunity.id}",
                remedy="Reopen it in ConnectWise and requeue, or leave it as it is and archive this job.",
            )
        if await self._client.converted(opportunity.id) if converted is None else converted:
            return errors.Protected(
                "The opportunity was converted in ConnectWise",
                detail=f"opportunity {opportunity.id}",
                remedy="Change the order or project it became by hand, and archive this job.",
            )
        return None

    async def reopen(self, opportunity: models.Opportunity) -> models.Opportunity:
        """Give an opportunity that this flow closed the tenant's default status again."""
        open_ones = [row for row in await self._statuses.get() if not _closes(row) and not row.inactiveFlag]
        status = next((row for row in open_ones if row.defaultFlag), open_ones[0] if open_ones else None)
        closed = opportunity.status is None or opportunity.status.id not in {row.id for row in open_ones}
        if status is None or not closed:
            return opportunity
        log.info("opportunity_reopened", opportunity_id=opportunity.id)
        return await self._client.opportunities.patch(
            opportunity.id, Change("replace", "/status", {"id": status.id})
        )

    async def undo(self, created: Found) -> None:
        """Delete an opportunity that this run created and for which ConnectWise refuses every line."""
        await self._client.opportunities.delete(created.record.id)
        log.info("opportunity_taken_back", opportunity_id=created.record.id)

    async def create(self, external_id: str, fields: Mapping[str, Any]) -> Found:
        """Create the opportunity; after a lost answer it is looked up by its external id before anything else is sent.

        The lease is confirmed first, because Redis may have been wiped since the last look-up, and afterwards, because the process may
        have been stopped before the call went out: then another run may have made the opportunity too.
        """
        await write_guard.confirm()
        try:
            with naming_default_field("opportunity"):
                record = await self._client.opportunities.create(dict(fields))
        except errors.OutcomeUnknown:
            found = await self._find_by_external_id(external_id)
            if found is None:
                raise
            return found
        try:
            await write_guard.confirm()
        except errors.LeaseLost:
            await concurrency.to_the_end(self._take_back_twin(record, external_id))
            raise
        await self._sign(record)
        self._objects.count("opportunity", "created")
        log.info("opportunity_created", opportunity_id=record.id, name=record.name)
        return Found(record, "created")

    async def _take_back_twin(self, record: models.Opportunity, external_id: str) -> None:
        """Delete the opportunity that this run has just made when another run has made one of its own."""
        rows = await self._client.opportunities.find(field("source").equals(external_id), fields=("source",))
        if any(row.id != record.id and row.source == external_id for row in rows):
            with write_guard.lifted():
                await self._client.opportunities.delete(record.id)
            log.warning("opportunity_taken_back", opportunity_id=record.id)

    async def update(self, current: models.Opportunity, fields: Mapping[str, Any]) -> models.Opportunity:
        """Write those of `fields` that differ; without any, nothing is sent."""
        changes = changes_of(current, fields)
        if not changes:
            return current
        updated = await self._client.opportunities.patch(current.id, *changes)
        await self._sign(updated)
        self._objects.count("opportunity", "updated")
        log.info("opportunity_updated", opportunity_id=current.id, fields=[change.path for change in changes])
        return updated

    async def note(self, opportunity: int, text: str) -> None:
        """Leave a note unless an equal one exists."""
        notes = self._client.notes(opportunity)
        if any(one_line(note.text) == one_line(text) for note in await notes.find()):
            return
        try:
            await notes.create({"text": text})
        except errors.OutcomeUnknown:
            log.info("note_outcome_unknown", opportunity_id=opportunity)

    async def _sign(self, written: models.Opportunity) -> None:
        """ConnectWise names the member that wrote last; the poller must know which member is the daemon's own."""
        if written.info is not None and written.info.updatedBy:
            await self._api_member.note(written.info.updatedBy)

    async def is_closed(self, opportunity: models.Opportunity) -> bool:
        """Whether the status is a closed one; a closing date counts only without a status, because it may survive a reopening."""
        statuses = {row.id: row for row in await self._statuses.get()}
        status = statuses.get(opportunity.status.id) if opportunity.status else None
        return opportunity.closedDate is not None if status is None else _closes(status)

    async def _find_by_external_id(self, external_id: str) -> Found | None:
        rows = [
            row
            for row in await self._client.opportunities.find(field("source").equals(external_id))
            if (row.source or "") == external_id
        ]
        if len(rows) > 1:
            raise errors.Ambiguous(
                "Several opportunities carry the external id of one project",
                detail=f"{external_id}: opportunities {', '.join(str(row.id) for row in rows)}",
                remedy="Clear the field Source on all but one of them in ConnectWise and requeue, or choose one: "
                f"cwbridge links relink {ProjectKey.of_external_id(external_id)} --to ID",
            )
        return Found(rows[0], "external_id") if rows else None


def _of_one_family(source: str | None, external_id: str) -> bool:
    """An option that moved carries its old external id until it is written."""
    try:
        return ProjectKey.of_external_id(source or "").family == ProjectKey.of_external_id(external_id).family
    except errors.Refused:
        return False


def _closes(status: models.OpportunityStatus) -> bool:
    return bool(status.closedFlag or status.wonFlag or status.lostFlag)
