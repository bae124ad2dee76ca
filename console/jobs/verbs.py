"""What can be done to a job by hand, and to which: what a trial says, because it is what the queue does."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cwbridge.queue.job import Job, State
from cwbridge.queue.queue import JobChange


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """One way to change jobs."""

    done: str
    states: tuple[State, ...]
    """Where a filter without a state looks."""
    fits: Callable[[Job | None], bool]
    """Whether a job is changed by it; None is an object without any work."""
    why_not: str


REQUEUE = Verb(
    done="requeued",
    states=("dead", "scheduled", "waiting"),
    fits=lambda job: job is not None and job.state in {"dead", "due", "scheduled", "waiting", "archived"},
    why_not="neither dead, waiting nor archived",
)
ARCHIVE = Verb(
    done="archived",
    states=("dead",),
    fits=lambda job: job is not None and job.state == "dead",
    why_not="not dead",
)
HOLD = Verb(
    done="held",
    states=("due", "scheduled", "waiting", "dispatched", "running", "dead"),
    fits=lambda job: job is None or not job.held,
    why_not="held before",
)
RELEASE = Verb(
    done="released",
    states=("held", "running"),
    fits=lambda job: job is not None and job.held,
    why_not="not held",
)
BY_CHANGE: dict[JobChange, Verb] = {"archive": ARCHIVE, "hold": HOLD, "release": RELEASE}
