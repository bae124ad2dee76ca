"""The operator's commands on jobs and which jobs each can change; a dry run follows the same rules as the queue."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cwbridge.queue.job import Job, State
from cwbridge.queue.queue import JobChange


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """One way to change jobs."""

    done: str
    states: tuple[State, ...]
    """The states that a filter without a state selects."""
    fits: Callable[[Job | None], bool]
    """Whether the command changes the job; None stands for an object without a job."""
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
