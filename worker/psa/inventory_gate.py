"""Parked projects: while ConnectWise refuses product lines (inventory auditing), one project probes now and then for all.

{namespace}:parked:inventory          the reason, while parked
{namespace}:parked:inventory:probe    set while it is too early for the next probe
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from cwbridge import errors
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis

log = structlog.get_logger()
_AFTER_THE_PROBE_SECONDS = 0.05


class InventoryGate:
    """The gate in front of all writes of lines."""

    def __init__(self, redis: Redis, queue: Queue, *, namespace: str, probe_every: timedelta) -> None:
        self._redis = redis
        self._queue = queue
        self._name = f"{namespace}:parked:inventory"
        self._probe_ms = max(1, round(probe_every.total_seconds() * 1000))

    async def gate(self) -> None:
        """Pass when nothing is parked, or as the one that probes; else raise InventoryLocked without a call."""
        reason = await self._redis.get(self._name)
        if reason is None or await self._redis.set(f"{self._name}:probe", 1, nx=True, px=self._probe_ms):
            return
        left_ms = await self._redis.pttl(f"{self._name}:probe")
        raise errors.InventoryLocked(
            "ConnectWise takes no product lines while inventory auditing is on",
            seconds=max(left_ms, 0) / 1000 + _AFTER_THE_PROBE_SECONDS,
            detail=f"as another project heard: {reason.decode()}",
        )

    async def close(self, refusal: errors.InventoryLocked) -> errors.InventoryLocked:
        """Park everybody; returns the refusal with the time of the next probe."""
        await self._redis.set(f"{self._name}:probe", 1, nx=True, px=self._probe_ms)
        if await self._redis.set(self._name, refusal.detail, nx=True):
            log.warning("inventory_auditing_noticed", detail=refusal.detail)
        refusal.seconds = self._probe_ms / 1000
        return refusal

    async def open(self) -> None:
        """Lines were taken: whoever is parked goes on at once."""
        if not await self._redis.delete(self._name):
            return
        parked = [
            job.key
            for job in await self._queue.jobs(state="waiting", limit=1_000_000)
            if job.failure is not None and job.failure.error == errors.InventoryLocked.__name__
        ]
        log.info("inventory_auditing_over", parked=len(parked))
        await self._queue.wake(*parked)
