"""The question asked right before every write: may this job still write its object?"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Guard(Protocol):
    """What a job knows about its right to write; both raise errors.LeaseLost once it has lost the right."""

    def ensure(self) -> None:
        """As far as this process can know by its clock."""

    async def confirm(self) -> None:
        """As Redis knows it now."""


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
