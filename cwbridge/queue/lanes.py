"""How many slots of a worker each lane and each flow may take."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

import msgspec

from cwbridge.limits.lane import Lane

_FOR_EDITS_FROM = 2
_FOR_PEOPLE_FROM = 4


class FlowRuns(msgspec.Struct, frozen=True):
    """The runs of one flow that a worker has: of `fresh` and `backlog`, and of `backlog` alone."""

    unasked: int = 0
    backlog: int = 0


class FreeSlots(msgspec.Struct, frozen=True, kw_only=True):
    """How many keys may be claimed: in all; of these from `fresh` and `backlog` (`unasked`); of these from `backlog`.

    The backlog never gets the last slots of a worker, and edits leave one to people: otherwise runs of hours could hold them
    all, and a small edit would wait for one of them to end. For the same reason a flow with a run leaves a slot to each other
    flow without any, of the slots that fresh and backlog share and of those of the backlog.
    """

    slots: int
    unasked: int
    backlog: int
    flows: dict[str, FlowRuns]
    """The flows that the worker serves, with their runs."""

    @classmethod
    def of(cls, slots: int, flows: Collection[str]) -> Self:
        """`slots` slots without any reserve for a lane or a flow."""
        enough = slots + len(flows)
        return cls(slots=slots, unasked=enough, backlog=enough, flows={flow: FlowRuns() for flow in flows})

    @classmethod
    def beside(cls, slots: int, flows: Collection[str], taken: Collection[tuple[str, Lane]]) -> Self:
        """The free slots of a worker whose runs have taken slots for these flows and lanes."""
        max_unasked = slots - int(slots >= _FOR_PEOPLE_FROM)
        max_backlog = max_unasked - int(slots >= _FOR_EDITS_FROM)
        runs = {flow: _runs(flow, taken) for flow in flows}
        free = max(0, slots - len(taken))
        free_unasked = min(free, max(0, max_unasked - sum(lane != "interactive" for _, lane in taken)))
        return cls(
            slots=free,
            unasked=free_unasked,
            backlog=min(free_unasked, max(0, max_backlog - sum(lane == "backlog" for _, lane in taken))),
            flows=runs,
        )


def _runs(flow: str, taken: Collection[tuple[str, Lane]]) -> FlowRuns:
    lanes = [lane for other, lane in taken if other == flow]
    backlog = lanes.count("backlog")
    return FlowRuns(unasked=lanes.count("fresh") + backlog, backlog=backlog)
