"""What a run of the billing flow tells the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from worker.billing.merge import Merge
from worker.billing.values import Sides


class Also(msgspec.Struct, frozen=True, kw_only=True):
    """What was written beside the merged fields."""

    push: tuple[str, ...] = ()
    pull: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_NOTHING = Also()


class Skip(Exception):
    """Ends a run as skipped, from wherever it finds out why; the flow turns it into the event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def skipped(reason: str, *, leads_to: str = "") -> Event:
    return Event(what="skipped", cause=reason, leads_to=leads_to)


def missing(link: Link, discrepancy: str) -> Event:
    """A linked record is gone on one side: reported, and nothing is made again or removed."""
    return Event(
        what="checked",
        target=link.target,
        cause=discrepancy,
        matches=(f"{link.how}: {link.target}",),
        discrepancies=(discrepancy,),
    )


def synced(
    noun: str, link: Link, merged: Merge, before: Sides, *, also: Also = _NOTHING, is_new: bool
) -> Event | None:
    """Which fields went which way, and the values that gave way; None when nothing was to be done."""
    pushed = [*merged.push, *also.push]
    pulled = [*merged.pull, *also.pull]
    parts = [
        *_to("ConnectWise", pushed),
        *_to("BSS", pulled),
        *merged.notes,
        *also.notes,
        *_not_whole(merged, before, is_new=is_new),
    ]
    if not (parts or is_new):
        return None
    what = "created" if is_new and link.how == "created" else "linked" if is_new else "updated"
    return Event(
        what=what,
        target=link.target,
        cause="; ".join(parts),
        matches=(f"{noun} {link.target} ({link.how})",),
    )


def _to(system: str, fields: list[str]) -> Iterator[str]:
    if fields:
        yield f"to {system}: {', '.join(fields).replace('_', ' ')}"


def _not_whole(merged: Merge, before: Sides, *, is_new: bool) -> Iterator[str]:
    """Texts that were shortened, and values that ConnectWise has no place for."""
    looked_at: Iterable[str] = before.source if is_new else {*merged.push, *merged.agreed}
    for name in sorted(looked_at):
        value = before.source[name]
        if value.is_cut:
            yield f"{name} is shortened to what ConnectWise takes"
        elif value.own and value.there is None:
            yield f"{name} {value.own!r} is left out: ConnectWise has no place for it"
