"""When the queue is quiet for a person who waits for it."""

from __future__ import annotations

from cwbridge.queue.counts import Counts

LONGEST_PAUSE_MS = 120_000
"""A job that is not due within two minutes (inventory audit, long throttle, a dependency that was refused) is left to the daemon."""


def is_busy(counts: Counts) -> bool:
    """Whether something is running or becomes due soon."""
    soon = counts.next_due_ms is not None and counts.next_due_ms - counts.now_ms < LONGEST_PAUSE_MS
    return counts.active > 0 or soon
