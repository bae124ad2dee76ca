"""Claims due keys for the free places of one worker and has them delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import redis.exceptions
import structlog

from cwbridge import clock, metrics
from cwbridge.queue.lanes import FreeSlots, Lane
from cwbridge.queue.queue import Queue

_IDLE_SECONDS = 0.1
_RECLAIM_SECONDS = 1.0
_OUTAGE_SECONDS = 0.5
# What begins after its lease was found to be stale in a moment, whatever lane it was of.
_FORGOTTEN: Lane = "fresh"

Deliver = Callable[[str, int], Awaitable[None]]

log = structlog.stdlib.get_logger(__name__)


class Dispatcher:
    """Keeps `settings.concurrency` places filled; `begun` and `ended` tell it what became of a delivery."""

    def __init__(self, queue: Queue, deliver: Deliver, *, arq_queue: str) -> None:
        self._queue = queue
        self._deliver = deliver
        self._arq_queue = arq_queue
        self._lease = queue.settings.lease_duration.total_seconds()
        self._delivered: dict[int, tuple[Lane, float]] = {}
        self._running: dict[int, Lane] = {}
        self._slot_free = asyncio.Event()
        self._reclaim_at = 0.0

    def begun(self, fencing_token: int) -> None:
        lane, _ = self._delivered.pop(fencing_token, (_FORGOTTEN, 0.0))
        self._running[fencing_token] = lane

    def ended(self, fencing_token: int) -> None:
        self._running.pop(fencing_token, None)
        self._slot_free.set()

    async def run(self) -> None:
        """Dispatch until cancelled; an outage of Redis is said once, and once that it is over."""
        away = False
        while True:
            try:
                found = await self._round()
            except (redis.exceptions.RedisError, OSError) as error:
                if not away:
                    log.warning("redis_lost", error=type(error).__name__)
                    metrics.REDIS_UP.set(0)
                away = True
                await asyncio.sleep(_OUTAGE_SECONDS)
                continue
            if away:
                log.info("redis_found_again")
                # Every lease looks ended after an outage; those whose workers live are extended first.
                self._reclaim_at = clock.lasting_seconds() + self._lease
                away = False
            metrics.REDIS_UP.set(1)
            if not found:
                await self._rest()

    async def _round(self) -> bool:
        now = clock.lasting_seconds()
        if now >= self._reclaim_at:
            await self._queue.reclaim()
            self._reclaim_at = now + _RECLAIM_SECONDS
            self._forget_unstarted(now)
        self._slot_free.clear()
        claimed = await self._queue.claim(self._free_slots(), arq_queue=self._arq_queue)
        for key, fencing_token, lane in claimed:
            self._delivered[fencing_token] = (lane, now)
            await self._deliver(key, fencing_token)
        return bool(claimed)

    def _free_slots(self) -> FreeSlots:
        taken = [*self._running.values(), *(lane for lane, _ in self._delivered.values())]
        return FreeSlots.beside(self._queue.settings.concurrency, taken)

    def _forget_unstarted(self, now: float) -> None:
        """What was not started within its lease was taken back, or is gone with a wiped Redis."""
        for fencing_token, (_, at) in list(self._delivered.items()):
            if now - at > self._lease:
                del self._delivered[fencing_token]

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                await self._slot_free.wait()
        except TimeoutError:
            return
