"""Runs each schedule once per slot, however many producers there are.

    {namespace}:schedule:{name}    the last slot done (whole intervals since 1970 by the clock of Redis)

A slot counts as done only after its action succeeded: a producer that dies in the middle leaves the slot to the next one, as
soon as its lock has expired. A slot missed while nobody ran is not caught up, because the action reads all that is new anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import redis.exceptions
import structlog

from cwbridge import clock, errors, locks, metrics
from cwbridge.flow import Schedule
from cwbridge.redis import Redis

log = structlog.get_logger()
_TICK_SECONDS = 0.25
_PAUSE_AFTER_FAILURE_SECONDS = 10.0


class Scheduler:
    """Claims due slots and runs their actions until cancelled."""

    def __init__(self, redis: Redis, locker: locks.Locks, *, namespace: str) -> None:
        self._redis = redis
        self._locks = locker
        self._prefix = f"{namespace}:schedule:"
        self._failing: set[str] = set()

    async def run(self, schedules: Sequence[Schedule]) -> None:
        """Run all schedules side by side; a failing one never stops the others."""
        async with asyncio.TaskGroup() as group:
            for schedule in schedules:
                group.create_task(self._repeat(schedule))

    async def run_due(self, schedule: Schedule) -> bool:
        """Run the action when its current slot is still open; True when this call did it."""
        try:
            async with self._locks.hold(f"schedule:{schedule.name}", wait=0):
                slot = await self._current_slot(schedule)
                done = await self._redis.get(self._prefix + schedule.name)
                if done is not None and int(done) >= slot:
                    return False
                act = done is not None or not schedule.starts_late
                if act:
                    await schedule.action()
                await self._redis.set(self._prefix + schedule.name, slot)
                return act
        except errors.Busy:
            return False

    async def _repeat(self, schedule: Schedule) -> None:
        while True:
            pause = min(_TICK_SECONDS, schedule.interval.total_seconds())
            try:
                if await self.run_due(schedule):
                    self._succeeded(schedule)
            except (errors.BridgeError, redis.exceptions.RedisError, OSError) as error:
                pause = min(_PAUSE_AFTER_FAILURE_SECONDS, max(1.0, schedule.interval.total_seconds()))
                self._failed(schedule, error)
            except Exception as error:
                pause = _PAUSE_AFTER_FAILURE_SECONDS
                log.exception("schedule_broken", schedule=schedule.name)
                self._failed(schedule, error)
            await asyncio.sleep(pause)

    async def _current_slot(self, schedule: Schedule) -> int:
        seconds, microseconds = await self._redis.time()
        return int((seconds + microseconds / 1e6) // schedule.interval.total_seconds())

    def _succeeded(self, schedule: Schedule) -> None:
        metrics.POLLS.labels(schedule.name, "done").inc()
        metrics.POLL_LAST_SUCCESS.labels(schedule.name).set(clock.now_ms() / 1000)
        if schedule.name in self._failing:
            self._failing.discard(schedule.name)
            log.info("schedule_recovered", schedule=schedule.name)

    def _failed(self, schedule: Schedule, error: Exception) -> None:
        """An outage is said once, not every ten seconds."""
        metrics.POLLS.labels(schedule.name, "failed").inc()
        if schedule.name not in self._failing:
            self._failing.add(schedule.name)
            remedy = error.remedy if isinstance(error, errors.BridgeError) else ""
            log.warning("schedule_failing", schedule=schedule.name, reason=str(error), remedy=remedy)
