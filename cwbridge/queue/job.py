"""The records that go into the queue and that are read from it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from cwbridge.limits.lane import Lane
from cwbridge.mode import Mode
from cwbridge.queue.failure import Failure

State = Literal["scheduled", "due", "dispatched", "running", "waiting", "dead", "held", "archived"]
"""States as shown: `scheduled` is not due yet (debounce, backoff), `waiting` is deferred, `archived` is no longer a job."""

Reason = Literal["enqueued", "wait", "retry", "crash"]


class Enqueue(msgspec.Struct, frozen=True):
    """An object that may have changed.

    With a `version` and mode `if_changed` it is enqueued only when the version differs from that of the last enqueue. `changed_ms` is the
    source's own time of the change: the debounce counts from there, because most of it has passed when a poll sees the change.
    """

    key: str
    flow: str
    lane: Lane = "fresh"
    mode: Mode = "if_changed"
    version: str = ""
    changed_ms: int | None = None


class Delivery(NamedTuple):
    """A key that was claimed for one worker, with its fencing token."""

    key: str
    fencing_token: int
    flow: str
    lane: Lane


class Claim(msgspec.Struct, frozen=True):
    """The claimed deliveries, and in how many seconds the next key is due and the next lease or pause ends."""

    deliveries: list[Delivery]
    next_due_seconds: float | None
    next_end_seconds: float | None
    now_ms: int


class Run(msgspec.Struct, frozen=True):
    """One delivery that has started. All times are by the clock of Redis."""

    key: str
    fencing_token: int
    flow: str
    attempts: int
    crashes: int
    waits: int
    lane: Lane
    mode: Mode
    since_ms: int
    due_ms: int
    generation: int
    started_ms: int


class Job(msgspec.Struct, frozen=True):
    """The job of one object, for people; of an archived job only the state and `since_ms` are set."""

    key: str
    flow: str
    state: State
    lane: Lane
    generation: int
    attempts: int
    crashes: int
    waits: int
    since_ms: int
    due_ms: int
    failure: Failure | None
    mode: Mode = "if_changed"
    reason: Reason = "enqueued"
    waits_for: str | None = None
    """The key that has to succeed first."""
    held: bool = False
    """Kept from running until it is released; a run under way ends first."""
    held_since_ms: int | None = None
