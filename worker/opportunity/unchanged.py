"""Shows for an opportunity that was read ahead that there is nothing to write: by far the most frequent end of a run in a full sync."""

from __future__ import annotations

import msgspec

from cwbridge import clock
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link, Links
from cwbridge.queue.job import Run
from worker.opportunity import outcome
from worker.opportunity.desired import DesiredOpportunity
from worker.opportunity.header import HeaderBuilder
from worker.opportunity.opportunity_lines import OpportunityLines
from worker.opportunity.read_ahead import ReadAhead, Snapshot
from worker.opportunity.target import Found, Target
from worker.opportunity.written import Written
from worker.psa.patches import changes_of


class Unchanged:
    """Compares what was read ahead with the desired opportunity; only a run that reads for itself writes."""

    def __init__(
        self,
        read_ahead: ReadAhead,
        target: Target,
        header: HeaderBuilder,
        lines: OpportunityLines,
        *,
        links: Links,
        repair_drift: bool,
    ) -> None:
        self._read_ahead = read_ahead
        self._target = target
        self._header = header
        self._lines = lines
        self._links = links
        self._repair_drift = repair_drift

    async def event(
        self, run: Run, desired: DesiredOpportunity, written: Written, link: Link | None
    ) -> Event | None:
        """The event of a run that has nothing to write; None when the opportunity has to be read."""
        if link is None or link.begun or not written.stands_in(link):
            return None
        snapshot = await self._read_ahead.take(run, link)
        event = None if snapshot is None else await self._compared(snapshot, desired)
        if event is not None and link.state != written.state:
            now = msgspec.structs.replace(link, state=written.state, at_ms=clock.now_ms())
            await self._links.put("opportunity", run.key, now)
        return event

    async def _compared(self, snapshot: Snapshot, desired: DesiredOpportunity) -> Event | None:
        record, observed = snapshot.record, not self._repair_drift
        applied = await self._lines.as_read_ahead(desired, record.id, snapshot.lines, restore=not observed)
        if applied is None:
            return None
        company = record.company.id if record.company is not None else None
        header = await self._header.build(desired, company_seen=company)
        changes = changes_of(record, header.fields if observed else header.fields | header.progress)
        if changes and not observed:
            return None
        if (changes or applied.discrepancies) and await self._target.is_closed(record):
            # What differs on a closed opportunity is reported no longer.
            return None
        found = Found(record, "link")
        if observed:
            return outcome.observed(found, desired, applied, header)
        return outcome.event(found, desired, applied, header, touched=False)
