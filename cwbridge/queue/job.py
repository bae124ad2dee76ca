"""What goes into the queue and what can be read from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from cwbridge import errors, keys
from cwbridge.limits.lane import Lane
from cwbridge.queue.failure import Failure

State = Literal["due", "scheduled", "dispatched", "running", "dead", "held", "archived"]
"""As shown: `scheduled` is due at a moment still to come; `archived` is no outstanding work, a person forgot it."""

FLOWS: Sequence[str] = ("opportunity",)
"""Those that keys have."""

Reason = Literal["enqueued", "wait", "retry", "crash"]


class Enqueue(msgspec.Struct, frozen=True):
    """An object that may have changed; with a `version`, only when it differs from the last one wanted."""

    key: str
    flow: str = "opportunity"
    lane: Lane = "fresh"
    mode: str = "if_changed"
    version: str = ""


class Delivery(NamedTuple):
    """A key that was claimed for one worker; `fencing_token` fences what is done about it."""

    key: str
    fencing_token: int
    lane: Lane


class Run(msgspec.Struct, frozen=True):
    """One delivery that has begun; `fencing_token` fences it. All times are Redis's."""

    key: str
    fencing_token: int
    attempts: int
    crashes: int
    waits: int
    lane: Lane
    since_ms: int
    due_ms: int
    generation: int
    started_ms: int


class Job(msgspec.Struct, frozen=True):
    """Outstanding work of one object, for people; of an archived one, that it is, with `since_ms` from when."""

    key: str
    state: State
    lane: Lane
    generation: int
    attempts: int
    crashes: int
    waits: int
    since_ms: int
    due_ms: int
    failure: Failure | None
    reason: Reason = "enqueued"
    held: bool = False
    """Kept from running until it is released; a run under way ends first."""
    held_since_ms: int | None = None


class Counts(msgspec.Struct, frozen=True):
    """How much work there is; `next_due_ms` is the first moment at which something of `scheduled` becomes due."""

    due: int
    scheduled: int
    dispatched: int
    running: int
    dead: int
    held: int
    oldest_due_age_ms: int
    next_due_ms: int | None
    now_ms: int

    @property
    def active(self) -> int:
        """What is being done or could be done now."""
        return self.due + self.dispatched + self.running


def flow_of(key: str) -> str:
    """The flow of a key as a label; a key nobody knows has none."""
    try:
        return keys.Key.parse(key).flow
    except errors.Refused:
        return "unknown"
