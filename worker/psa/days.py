"""Days, which ConnectWise holds as moments: a day is its midnight in UTC, and is never shifted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time


def to_moment(day: date) -> datetime:
    """The moment as which ConnectWise is sent a day."""
    return datetime.combine(day, time(), UTC)


def of_moment(moment: datetime) -> date:
    """The day of a moment that stands for one, in UTC as ConnectWise answers it."""
    return moment.astimezone(UTC).date()
