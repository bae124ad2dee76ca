"""Seeded randomness and time: the same seed and place always yield the same choices."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

LAST_DAY = date(2026, 4, 30)


def dice(seed: int, *place: object) -> random.Random:
    """Return the generator of one place in the world, independent of how much else was built."""
    return random.Random("/".join(str(part) for part in (seed, *place)))


def moment(generator: random.Random, before: datetime, days: int) -> datetime:
    """Return a time of day in the `days` before a time, cut to milliseconds."""
    return before - timedelta(milliseconds=generator.randrange(1, days * 86_400_000))


def close_of(day: date) -> datetime:
    """Return the end of business of a day in UTC."""
    return datetime.combine(day, time(23, 30), UTC)
