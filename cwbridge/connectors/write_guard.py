"""Checks right before every write whether the job may still write its object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def lifted() -> Iterator[None]:
    """In the body a job may write whatever became of its lease: for taking back what the job itself has just made."""
    token = CURRENT.set(None)
    try:
        yield
    finally:
        CURRENT.reset(token)


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
