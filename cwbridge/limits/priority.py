"""Which part of a window a call may use: what people wait for first, then small jobs, then the rest.

A job counts as small while it has made few calls. The rest, alone at work, uses the whole rate, but in bursts that are bounded for
every part of the window, so that turns become free all the time. While a small job is under way the rest leaves a part of the
window to it as well: whatever the rest used of it before, a small job never waits for a drained window.
"""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar
from enum import IntEnum
from typing import Final

import msgspec

from cwbridge.limits import lane
from cwbridge.limits.rate import Rate

_SMALL_PART = 0.2
_BURST_PART = 0.25
_SHORTEST_DIVIDED_SECONDS = 5.0

CALLS_MADE: ContextVar[Counter[str] | None] = ContextVar("cwbridge_calls_made", default=None)
"""The calls of the run under way, by system; None outside of runs."""


class Priority(IntEnum):
    """From the most urgent."""

    PERSON = 0
    SMALL = 1
    BULK = 2


class Bound(msgspec.Struct, frozen=True):
    """At most this part of the limit in any such part of the window."""

    of_limit: float
    of_window: float


_EVERY: Final = (Bound(1.0, 1.0),)
_SMALL: Final = (*_EVERY, Bound(0.9, 0.9))
_BULK: Final = (
    *_SMALL,
    Bound(0.95, 0.95),
    Bound(0.75, 0.75),
    Bound(0.5, 0.5),
    *(Bound(_BURST_PART + (1 - _BURST_PART) * part, part) for part in (0.25, 0.1, 0.05)),
)
_BULK_BESIDE_SMALL: Final = (*_BULK, Bound(1.0 - _SMALL_PART, 1.0))


def bounds(rate: Rate, priority: Priority, *, beside_small: bool) -> tuple[Bound, ...]:
    """What a call of this priority has to keep; a short window is not divided, because a wait for it is short."""
    if rate.seconds < _SHORTEST_DIVIDED_SECONDS or priority is Priority.PERSON:
        return _EVERY
    if priority is Priority.SMALL:
        return _SMALL
    return _BULK_BESIDE_SMALL if beside_small else _BULK


def of_next_call(system: str, rate: Rate) -> Priority:
    """The priority of the next call of the job under way, which is counted as made."""
    made = CALLS_MADE.get()
    if made is not None:
        made[system] += 1
    own = lane.CURRENT.get()
    if own == "backlog" or (made is not None and made[system] > rate.calls * _SMALL_PART):
        return Priority.BULK
    return Priority.PERSON if own == "interactive" else Priority.SMALL
