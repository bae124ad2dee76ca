"""The clocks of the project: aware UTC for moments, monotonic seconds for waits and leases."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_LASTING_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def utc_now() -> datetime:
    return datetime.now(UTC)


def now_ms() -> int:
    """Milliseconds since 1970 by this machine's clock; scores in Redis use Redis's own."""
    return time.time_ns() // 1_000_000


def lasting_seconds() -> float:
    """Monotonic seconds that go on while the machine sleeps, so that a lease cannot outlive a suspend."""
    return time.clock_gettime(_LASTING_CLOCK)


def from_ms(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def ms_of(moment: datetime | None) -> int | None:
    """The milliseconds since 1970 of an aware moment; None for none."""
    return None if moment is None else round(moment.timestamp() * 1000)


def iso(moment: datetime) -> str:
    """`2026-11-21T22:18:00Z`: the form that ConnectWise expects and people read."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
