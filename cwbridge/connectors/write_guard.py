"""Checks right before every write whether the job may still write its object."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Guard(Protocol):
    """The right of a job to write; both methods raise errors.LeaseLost once it is lost."""

    def ensure(self) -> None:
        """Check by the clock of this process."""

    async def confirm(self) -> None:
        """Check with Redis."""


CURRENT: ContextVar[Guard | None] = ContextVar("cwbridge_guard", default=None)
"""Set by the runner of a job to its lease; unset outside jobs."""


def check() -> None:
    """Called before every write; passes outside a job."""
    guard = CURRENT.get()
    if guard is not None:
        guard.ensure()


async def confirm() -> None:
    """Called before a create that a second worker would double; passes outside a job."""
    guard = CURRENT.get()
    if guard is not None:
        await guard.confirm()
