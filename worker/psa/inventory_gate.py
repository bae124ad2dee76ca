"""Makes jobs that write product lines wait while inventory auditing is on in ConnectWise; one of them probes.

{namespace}:inventory_audit          what ConnectWise answered; exists while auditing is on, as far as the workers know
{namespace}:inventory_audit:probe    exists while no job needs to probe; expires
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from cwbridge import errors
from cwbridge.queue.job import Run
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis

log = structlog.get_logger(__name__)
_AFTER_THE_PROBE_SECONDS = 0.05


class InventoryGate:
    """The gate in front of all writes of product lines."""

    def __init__(self, redis: Redis, queue: Queue, *, namespace: str, probe_interval: timedelta) -> None:
        self._redis = redis
        self._queue = queue
        self._name = f"{namespace}:inventory_audit"
        self._probe_ms = max(1, round(probe_interval.total_seconds() * 1000))

    async def enter(self, run: Run) -> None:
        """Let the run pass when no audit is known, when it is the probe, or when a person named its key.

        Otherwise raises InventoryLocked without a call to ConnectWise.
        """
        reason = await self._redis.get(self._name)
        if reason is None or await self._probes(run):
            return
        left_ms = await self._redis.pttl(f"{self._name}:probe")
        raise errors.InventoryLocked(
            "ConnectWise takes no product lines while inventory auditing is on",
            seconds=max(left_ms, 0) / 1000 + _AFTER_THE_PROBE_SECONDS,
            detail=f"as another job learned: {reason.decode()}",
        )

    async def close(self, refusal: errors.InventoryLocked) -> errors.InventoryLocked:
        """Let every job wait; returns the refusal with the time of the next probe."""
        await self._redis.set(f"{self._name}:probe", 1, nx=True, px=self._probe_ms)
        if await self._redis.set(self._name, refusal.detail, nx=True):
            log.warning("inventory_audit_started", detail=refusal.detail)
        refusal.seconds = self._probe_ms / 1000
        return refusal

    async def open(self) -> None:
        """Wake the waiting jobs, because ConnectWise accepted product lines."""
        if not await self._redis.delete(self._name):
            return
        waiting = [
            job.key
            for job in await self._queue.jobs(state="waiting", limit=1_000_000)
            if job.failure is not None and job.failure.error == errors.InventoryLocked.__name__
        ]
        log.info("inventory_audit_ended", waiting=len(waiting))
        await self._queue.wake(*waiting)

    async def _probes(self, run: Run) -> bool:
        """Whether this run probes: one run in each interval, and every run that a person asked for."""
        first = await self._redis.set(f"{self._name}:probe", 1, nx=True, px=self._probe_ms)
        return bool(first) or run.lane == "interactive"
