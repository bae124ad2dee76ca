"""When people edit: learned from the polls that found something, for the pace of the next days.

    {namespace}:edits:{schedule}    hash, hour such as 2026-11-26T09 (UTC) -> polls of that hour that found something

Each day has the pace of the same weekday of the last four weeks. It is worked out once a day, from complete days alone, so that every
producer works out the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from cwbridge.redis import Redis, reply
from producers import pace
from producers.pace import EVEN, Pace

_WEEKS = 4


class Rhythm:
    """The paces of the schedules that follow people."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:edits:"
        self._known: dict[str, tuple[date, Pace]] = {}

    async def of(self, schedule: str, moment: float) -> Pace:
        """The pace of the day of `moment`, in seconds since 1970."""
        day = datetime.fromtimestamp(moment, UTC).date()
        known = self._known.get(schedule)
        if known is None or known[0] != day:
            known = self._known[schedule] = (day, await self._learned(schedule, day))
        return known[1]

    async def note(self, schedule: str, moment: float) -> None:
        """A poll has found something."""
        hour = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H")
        await reply(self._redis.hincrby(self._prefix + schedule, hour, 1))

    async def _learned(self, schedule: str, day: date) -> Pace:
        stored = await reply(self._redis.hgetall(self._prefix + schedule))
        counts = {hour.decode(): int(number) for hour, number in stored.items()}
        oldest = (day - timedelta(weeks=_WEEKS)).isoformat()
        if ended := [hour for hour in counts if hour < oldest]:
            await reply(self._redis.hdel(self._prefix + schedule, *ended))
        return learned_of(counts, day)


def learned_of(counts: Mapping[str, int], day: date) -> Pace:
    """The pace of `day` from the counts of hours before it."""
    days = [day - timedelta(weeks=week) for week in range(1, _WEEKS + 1)]
    if not counts:
        return EVEN
    return pace.learned(
        [sum(counts.get(f"{one.isoformat()}T{hour:02}", 0) for one in days) for hour in range(24)]
    )
