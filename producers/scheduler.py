"""Runs each schedule once per slot, however many producers there are.

    {namespace}:schedule:{name}    when the action of the last slot that was done began (ms, by the clock of Redis)
    {namespace}:schedules_done     hash, name -> when its action succeeded last (ms)

A slot counts as done only after its action succeeded, on one primary of Redis: a producer that dies in the middle leaves the slot to
the next one, as soon as its lock has expired. A slot missed while no producer ran is not caught up, because the action reads all that is new anyway.
Between slots a schedule sleeps; a lock is taken only for a slot that is open. The moment is kept, not the number of the slot, so that a
schedule whose interval or pace has changed goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import redis.exceptions
import structlog

from cwbridge import clock, errors, locks, lua, metrics
from cwbridge.flow import Schedule
from cwbridge.redis import Redis, reply
from producers.pace import EVEN
from producers.rhythm import Rhythm

log = structlog.get_logger()
# How soon to look again at an open slot that another producer does; that producer may die.
_BUSY_SECONDS = 1.0
_PAUSE_AFTER_FAILURE_SECONDS = 10.0
# The longest time until a suspended machine or a changed clock of Redis is noticed.
_LONGEST_SLEEP_SECONDS = 60.0
# A slot that begins within a rounding error has begun.
_LEAST_SLEEP_SECONDS = 0.001


class _Slot(msgspec.Struct, frozen=True):
    """The current slot of a schedule: when it was looked at, whether it is open, and in how many seconds to look again."""

    at: float
    is_open: bool
    is_first: bool
    next_seconds: float


async def last_done(redis: Redis, namespace: str) -> dict[str, int]:
    """When the action of each schedule succeeded last, in ms, whichever producer did it."""
    stored = await reply(redis.hgetall(f"{namespace}:schedules_done"))
    return {name.decode(): int(at) for name, at in stored.items()}


class Scheduler:
    """Claims due slots and runs their actions until cancelled."""

    def __init__(self, redis: Redis, locker: locks.Locks, *, namespace: str) -> None:
        self._redis = redis
        self._locks = locker
        self._prefix = f"{namespace}:schedule:"
        self._begin, self._done = (
            lua.script(redis, "producers", "primary", name) for name in ("schedule_begin", "schedule_done")
        )
        self._successes = f"{namespace}:schedules_done"
        self._rhythm = Rhythm(redis, namespace=namespace)
        self._failing: set[str] = set()
        self._known: set[str] = set()

    async def run(self, schedules: Sequence[Schedule]) -> None:
        """Run all schedules side by side; a failing one never stops the others."""
        async with asyncio.TaskGroup() as group:
            for schedule in schedules:
                group.create_task(self._repeat(schedule))

    async def run_due(self, schedule: Schedule) -> bool:
        """Run the action when its current slot is still open; True when this call did it."""
        if not (await self._slot(schedule)).is_open:
            return False
        try:
            async with self._locks.hold(f"schedule:{schedule.name}", wait=0):
                return await self._do(schedule)
        except errors.Busy:
            return False

    async def _do(self, schedule: Schedule) -> bool:
        slot = await self._slot(schedule)
        if not slot.is_open:
            return False
        # A known schedule without a stored slot means that Redis was wiped: everything has to be read again.
        act = not (slot.is_first and schedule.starts_late) or schedule.name in self._known
        primary = await self._begin()
        result = await schedule.action() if act else None
        if not await self._done([self._prefix + schedule.name], [round(slot.at * 1000), primary]):
            log.info(
                "schedule_repeated",
                schedule=schedule.name,
                cause="another server became the primary of Redis",
            )
            return act
        if act:
            await reply(self._redis.hset(self._successes, schedule.name, str(clock.now_ms())))
        if schedule.follows_people and getattr(result, "enqueued", None):
            await self._rhythm.note(schedule.name, slot.at)
        self._known.add(schedule.name)
        return act

    async def _repeat(self, schedule: Schedule) -> None:
        while True:
            try:
                slot = await self._slot(schedule)
                if slot.is_open:
                    if await self.run_due(schedule):
                        self._succeeded(schedule)
                    slot = await self._slot(schedule)
                # A slot that opens right after this look is not one that another producer does.
                pause = slot.next_seconds
            except (errors.BridgeError, redis.exceptions.RedisError, OSError) as error:
                pause = min(_PAUSE_AFTER_FAILURE_SECONDS, max(1.0, schedule.interval.total_seconds()))
                self._failed(schedule, error)
            except Exception as error:
                pause = _PAUSE_AFTER_FAILURE_SECONDS
                log.exception("schedule_broken", schedule=schedule.name)
                self._failed(schedule, error)
            await asyncio.sleep(min(pause, _LONGEST_SLEEP_SECONDS))

    async def _slot(self, schedule: Schedule) -> _Slot:
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.get(self._prefix + schedule.name)
            (seconds, microseconds), done = await pipeline.execute()
        now, interval = seconds + microseconds / 1e6, schedule.interval.total_seconds()
        pace = await self._rhythm.of(schedule.name, now) if schedule.follows_people else EVEN
        number = pace.at(now) // interval
        is_open = done is None or pace.at(int(done) / 1000) // interval < number
        if done is not None:
            self._known.add(schedule.name)
        return _Slot(
            at=now,
            is_open=is_open,
            is_first=done is None,
            next_seconds=_BUSY_SECONDS
            if is_open
            else max(_LEAST_SLEEP_SECONDS, pace.until((number + 1) * interval) - now),
        )

    def _succeeded(self, schedule: Schedule) -> None:
        metrics.SCHEDULE_RUNS.labels(schedule.name, "succeeded").inc()
        if schedule.name in self._failing:
            self._failing.discard(schedule.name)
            log.info("schedule_recovered", schedule=schedule.name)

    def _failed(self, schedule: Schedule, error: Exception) -> None:
        """Count the failure, and log the first of several in a row."""
        metrics.SCHEDULE_RUNS.labels(schedule.name, "failed").inc()
        if schedule.name not in self._failing:
            self._failing.add(schedule.name)
            remedy = error.remedy if isinstance(error, errors.BridgeError) else ""
            log.warning(
                "schedule_failing",
                schedule=schedule.name,
                error=type(error).__name__,
                cause=str(error),
                remedy=remedy,
            )
