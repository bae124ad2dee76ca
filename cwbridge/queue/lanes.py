"""Lanes of the queue: what is claimed first, and how many places of a worker each may take; they are also those of the limiters."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from cwbridge.limits.lane import LANES, RANK, Lane

__all__ = ["LANES", "RANK", "FreeSlots", "Lane"]

_FOR_EDITS_FROM = 2
_FOR_PEOPLE_FROM = 4


class FreeSlots(msgspec.Struct, frozen=True, kw_only=True):
    """How many keys may be claimed: in all; of these from `fresh` and `backlog`; of these from `backlog`.

    The backlog never gets the last places of a worker, and edits leave one to people: otherwise runs of hours could hold them
    all, and a small edit would wait for one of them to end.
    """

    slots: int
    unasked: int
    backlog: int

    @classmethod
    def of(cls, slots: int) -> FreeSlots:
        """So many places, for whoever comes first by its lane."""
        return cls(slots=slots, unasked=slots, backlog=slots)

    @classmethod
    def beside(cls, slots: int, taken: Collection[Lane]) -> FreeSlots:
        """What is left of a worker's places."""
        unasked = slots - int(slots >= _FOR_PEOPLE_FROM)
        backlog = unasked - int(slots >= _FOR_EDITS_FROM)
        counts = {lane: sum(one == lane for one in taken) for lane in LANES}
        free = max(0, slots - len(taken))
        free_unasked = min(free, max(0, unasked - counts["fresh"] - counts["backlog"]))
        return cls(
            slots=free,
            unasked=free_unasked,
            backlog=min(free_unasked, max(0, backlog - counts["backlog"])),
        )
