"""What a run tells of an order or invoice: the event of the history, and the refusal of a record that takes no change."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from cwbridge import errors
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from worker.billing.keys import BillingKey
from worker.billing.outcome import missing
from worker.psa.line_plan import LinePlan
from worker.psa.line_writer import Applied
from worker.psa.money import cents
from worker.psa.records import Billable


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has done to a record, and what still differs."""

    applied: Applied
    written: tuple[str, ...] = ()
    """Names of fields."""
    money: tuple[str, ...] = ()
    """Differences in money as sentences."""
    is_new: bool = False
    """The link is."""
    differed: bool = False
    """The newest event tells discrepancies, which may be gone by now."""
    notes: tuple[str, ...] = ()
    billable: Billable = "Billable"


def event(key: BillingKey, link: Link, done: Done) -> Event | None:
    """The event; None when nothing was done and nothing differs or did."""
    discrepancies = (*done.money, *_of_lines(done.applied))
    changed = bool(done.written or done.applied.created or done.applied.deleted)
    if not (changed or done.is_new or discrepancies or done.differed):
        return None
    if done.is_new:
        what = "created" if link.how == "created" else "linked"
    else:
        what = "updated" if changed else "checked"
    return Event(
        what=what,
        target=link.target,
        cause="; ".join(_told(done, discrepancies)),
        counts={
            "created": done.applied.created,
            "deleted": done.applied.deleted,
            "kept": done.applied.kept,
            "foreign": done.applied.foreign,
        },
        matches=(f"{key.record} {link.target} ({link.how})",),
        discrepancies=discrepancies,
    )


def kept(key: BillingKey, link: Link, reason: str) -> Event:
    """A document that is no longer pushed although it has a record, which may be charged: a discrepancy."""
    return missing(link, f"{reason}; {key.record} {link.target} stays in ConnectWise as it is")


def refused(
    key: BillingKey,
    *,
    shown: str,
    lock: str,
    here: Decimal,
    there: Decimal,
    plan: LinePlan,
    fields: tuple[str, ...],
) -> errors.Protected:
    """The refusal of a change that ConnectWise no longer takes, with the difference in money."""
    parts = [f"BSS has {cents(here)}, ConnectWise {cents(there)}: {cents(there) - cents(here):+}"]
    if not plan.empty:
        parts.append(f"lines to write {len(plan.creates)}, to remove {len(plan.deletes)}")
    if fields:
        parts.append(f"fields {', '.join(fields)}")
    return errors.Protected(
        f"The {key.record} is {lock} in ConnectWise and differs from BSS",
        detail=f"{shown}; {'; '.join(parts)}",
        remedy=f"Open the {key.record} in ConnectWise again and requeue, or correct the difference there by hand.",
    )


def _told(done: Done, discrepancies: tuple[str, ...]) -> Iterator[str]:
    if done.written:
        yield f"to ConnectWise: {', '.join(done.written)}"
    yield from done.notes
    if done.billable != "Billable" and (done.is_new or done.applied.created):
        yield f"its lines are {done.billable}, so the totals of ConnectWise leave them out"
    yield from discrepancies


def _of_lines(applied: Applied) -> Iterator[str]:
    for one in applied.discrepancies:
        yield f"{one.key} (product item {one.line}) {one.what}: {one.difference:+}"
