"""Measures how soon a change in a source arrives in the target.

A run says when the object changed by the source's own clock, and the connectors note its first write. Only runs of the lane `fresh`
that wrote count: a full sync or a requeue tells nothing about how soon an edit arrives.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime, timedelta

from cwbridge import clock, metrics

_OLDEST = timedelta(days=7)


class Change:
    """The change that a run is about."""

    __slots__ = ("at", "is_written")

    def __init__(self) -> None:
        self.at: datetime | None = None
        self.is_written = False


CURRENT: ContextVar[Change | None] = ContextVar("cwbridge_change", default=None)


def source_changed(at: datetime | None) -> None:
    """Note when the object of the run under way changed; the newest of several moments counts."""
    change = CURRENT.get()
    if change is not None and at is not None and (change.at is None or at > change.at):
        change.at = at


def wrote() -> None:
    """Note that the run under way has written to a system."""
    change = CURRENT.get()
    if change is not None:
        change.is_written = True


def observe(change: Change, flow: str) -> None:
    """Count a run that has succeeded; changes older than a week are imports, not edits."""
    if change.at is None or not change.is_written:
        return
    passed = clock.utc_now() - change.at
    if passed <= _OLDEST:
        metrics.SOURCE_TO_TARGET.labels(flow).observe(max(0.0, passed.total_seconds()))
