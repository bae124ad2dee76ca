"""Describes what a run did to an opportunity, for history and log."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import structlog

from cwbridge import metrics
from cwbridge.ledger.history import Event
from worker.opportunity.desired import DesiredOpportunity
from worker.opportunity.header import Header
from worker.opportunity.project_key import FLOW
from worker.opportunity.target import Found
from worker.psa.line_plan import Discrepancy
from worker.psa.line_writer import Applied
from worker.psa.patches import changes_of

log = structlog.get_logger(__name__)


def event(
    found: Found, desired: DesiredOpportunity, applied: Applied, header: Header, *, touched: bool
) -> Event:
    """What a run did; `touched` says that the header was written. Differences in money are logged as warnings."""
    difference = desired.difference
    if difference:
        metrics.DISCREPANCIES.labels(FLOW, "total").inc()
        log.warning(
            "totals_differ",
            difference=str(difference),
            total=str(desired.lines_total),
            suspects=desired.suspects,
        )
    for discrepancy in applied.discrepancies:
        metrics.DISCREPANCIES.labels(FLOW, "line").inc()
        log.warning(
            "line_differs",
            line_id=discrepancy.line,
            what=discrepancy.what,
            difference=str(discrepancy.difference),
        )
    changed = touched or applied.created or applied.deleted
    what = "created" if found.how == "created" else "updated" if changed else "checked"
    log.info(
        "opportunity_synced",
        what=what,
        opportunity_id=found.record.id,
        lines_created=applied.created,
        lines_deleted=applied.deleted,
        lines_kept=applied.kept,
        total=str(desired.lines_total),
    )
    return Event(
        what=what,
        target=found.record.id,
        counts={
            "created": applied.created,
            "deleted": applied.deleted,
            "kept": applied.kept,
            "foreign": applied.foreign,
        },
        amounts={
            "total": str(desired.lines_total),
            **({"difference": str(difference)} if difference else {}),
        },
        matches=header.matches,
        discrepancies=(*(desired.suspects if difference else ()), *_told(applied.discrepancies)),
    )


def observed(found: Found, desired: DesiredOpportunity, applied: Applied, header: Header) -> Event:
    """The source is unchanged since everything matched: other users changed what differs now, and it is only reported."""
    done = event(found, desired, applied, header, touched=False)
    differing = (
        f"{change.path.removeprefix('/')} was changed in ConnectWise by another user"
        for change in changes_of(found.record, header.fields)
    )
    return msgspec.structs.replace(done, discrepancies=(*done.discrepancies, *differing))


def _told(discrepancies: tuple[Discrepancy, ...]) -> Iterator[str]:
    for discrepancy in discrepancies:
        yield f"{discrepancy.key} (product item {discrepancy.line}) {discrepancy.what}: {discrepancy.difference:+}"
