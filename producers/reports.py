"""Counts and logs what a reading of a source enqueued."""

from __future__ import annotations

import structlog

from cwbridge import metrics
from cwbridge.flow import Polled

log = structlog.get_logger(__name__)


def report(schedule: str, *, seen: int, enqueued: int) -> Polled:
    """The result of a reading by `schedule`; a reading that enqueued nothing is not logged."""
    metrics.JOBS_ENQUEUED.labels(schedule).inc(enqueued)
    if enqueued:
        log.info("jobs_enqueued", schedule=schedule, seen=seen, enqueued=enqueued)
    return Polled(seen=seen, enqueued=enqueued)
