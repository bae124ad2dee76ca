"""The question asked right before every write: may this job still write its object?"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

CURRENT: ContextVar[Callable[[], None] | None] = ContextVar("cwbridge_guard", default=None)
"""Set by the runner of a job to its lease's check; unset outside jobs."""


def check() -> None:
    """Raise what the current job's guard raises (errors.LeaseLost); nothing outside a job."""
    guard = CURRENT.get()
    if guard is not None:
        guard()
