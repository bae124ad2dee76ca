"""Writes one desired opportunity into ConnectWise: header, lines, progress, in the order that does the least harm on a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from cwbridge import errors
from cwbridge.connectors.connectwise import models
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link, Links
from cwbridge.queue.job import Run
from worker.opportunity import outcome
from worker.opportunity.desired import DesiredOpportunity
from worker.opportunity.header import Header, HeaderBuilder
from worker.opportunity.opportunity_lines import OpportunityLines
from worker.opportunity.sales_tables import SalesTables
from worker.opportunity.target import Found, Target
from worker.opportunity.unchanged import Unchanged
from worker.opportunity.written import Written
from worker.psa.gone import gone_reference
from worker.psa.line_writer import Applied
from worker.psa.records import DesiredProduct

T = TypeVar("T")


class OpportunityWriter:
    """Writes a desired opportunity and reports what it did."""

    def __init__(
        self,
        target: Target,
        header: HeaderBuilder,
        lines: OpportunityLines,
        sales_tables: SalesTables,
        links: Links,
        *,
        unchanged: Unchanged,
        repair_drift: bool,
    ) -> None:
        self._target = target
        self._header = header
        self._lines = lines
        self._sales_tables = sales_tables
        self._links = links
        self._unchanged = unchanged
        self._repair_drift = repair_drift

    async def write(
        self, run: Run, desired: DesiredOpportunity, written: Written, link: Link | None
    ) -> Event:
        """Create or update the opportunity of the run's key and its lines."""
        await self._lines.enter(run)
        try:
            checked = await self._unchanged.event(run, desired, written, link)
            if checked is not None:
                return checked
            found = await self._target.find(desired.external_id, link)
            if found is None:
                return await self._create(run, desired, written, link)
            return await self._update(run, desired, written, link, found)
        except errors.MappingRefused as refusal:
            if isinstance(refusal.__cause__, errors.PermissionRefused):
                # An operator who creates names by hand needs all of them in one refusal.
                missing = [
                    *await self._sales_tables.missing_type(desired.type_name),
                    *await self._lines.missing_names(desired),
                ]
                refusal.detail = f"missing: {', '.join(missing)}"
            raise

    async def _create(
        self, run: Run, desired: DesiredOpportunity, written: Written, link: Link | None
    ) -> Event:
        """Create the catalog items first, because their refusal must not leave an empty opportunity behind."""
        catalog_items = await self._lines.catalog_items(desired)
        found, header = await self._send(
            desired,
            await self._header.build(desired),
            lambda header: self._target.create(desired.external_id, header.default_fields | header.fields),
        )
        applied = await self._first_lines(desired, found, catalog_items)
        record, header = await self._progress(desired, found.record, header)
        await self._keep(run, written, link, found)
        return outcome.event(found, desired, applied, header, touched=record is not found.record)

    async def _first_lines(
        self, desired: DesiredOpportunity, found: Found, catalog_items: Mapping[DesiredProduct, int]
    ) -> Applied:
        """Delete a new opportunity for which ConnectWise refuses every line, unless another user works with it."""
        created = found.how == "created"
        try:
            return await self._lines.settle(
                desired, found.record.id, catalog_items, restore=True, known_empty=created
            )
        except errors.InventoryLocked:
            if created and await self._lines.are_own(found.record.id):
                await self._target.undo(found)
            raise

    async def _update(
        self, run: Run, desired: DesiredOpportunity, written: Written, link: Link | None, found: Found
    ) -> Event:
        """Write the lines first, so that their refusal leaves everything as it was."""
        record, settled = found.record, written.stands_in(link)
        if link is not None and link.finished:
            record = await self._target.reopen(record)
        protection = await self._target.protection(msgspec.structs.replace(found, record=record))
        if protection is not None:
            if not settled:
                raise protection
            return Event(what="checked", target=record.id, cause="closed or converted in ConnectWise")
        observed = settled and not self._repair_drift and run.mode != "force"
        if link is not None and not observed:
            await self._links.begin("opportunity", run.key, link, written.fingerprint)
        catalog_items = await self._lines.catalog_items(desired)
        applied = await self._lines.settle(desired, record.id, catalog_items, restore=not observed)
        header = await self._header.build(desired)
        if observed:
            return outcome.observed(found, desired, applied, header)
        current = record
        record, header = await self._send(
            desired, header, lambda header: self._target.update(current, header.fields)
        )
        record, header = await self._progress(desired, record, header)
        await self._keep(run, written, link, found)
        return outcome.event(found, desired, applied, header, touched=record is not found.record)

    async def _progress(
        self, desired: DesiredOpportunity, record: models.Opportunity, header: Header
    ) -> tuple[models.Opportunity, Header]:
        return await self._send(desired, header, lambda header: self._target.update(record, header.progress))

    async def _send(
        self, desired: DesiredOpportunity, header: Header, write: Callable[[Header], Awaitable[T]]
    ) -> tuple[T, Header]:
        """Write; a reference that ConnectWise no longer has is dropped and resolved again, once."""
        try:
            return await write(header), header
        except errors.Refused as refusal:
            if not await self._header.forget(desired, gone_reference(refusal)):
                raise
        header = await self._header.build(desired)
        return await write(header), header

    async def _keep(self, run: Run, written: Written, link: Link | None, found: Found) -> None:
        await self._links.put(
            "opportunity",
            run.key,
            Link(
                target=found.record.id,
                how=found.link_rule(link),
                fingerprint=written.fingerprint,
                state=written.state,
            ),
        )
