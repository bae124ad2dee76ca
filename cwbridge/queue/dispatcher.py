"""Claims due keys for the free slots of one worker and has them started."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence

import redis.exceptions
import structlog

from cwbridge import clock, metrics
from cwbridge.limits.lane import Lane
from cwbridge.queue.job import Claim, Delivery
from cwbridge.queue.lanes import FreeSlots
from cwbridge.queue.queue import Queue

LONGEST_SLEEP_SECONDS = 5.0
"""The longest sleep of a worker, and so the longest delay of a key after a lost message."""
_RECLAIM_SECONDS = 1.0
_OUTAGE_SECONDS = 0.5

# A delivery of a claim whose answer was lost; it takes a slot like any other.
_UNKNOWN = Delivery(key="", fencing_token=0, flow="", lane="fresh")

Start = Callable[[Sequence[Delivery]], Awaitable[None]]
"""Starts deliveries that are in the arq queue already."""

log = structlog.stdlib.get_logger(__name__)


class Dispatcher:
    """Keeps `settings.concurrency` slots filled; the worker reports each delivery with `begun` and `ended`.

    It sleeps until a slot becomes free, a key becomes due, a lease ends, or `due_at` reports a key.
    """

    def __init__(self, queue: Queue, start: Start, *, flows: Collection[str], arq_queue: str) -> None:
        self._queue = queue
        self._start = start
        self._flows = sorted(flows)
        self._arq_queue = arq_queue
        self._lease = queue.settings.lease_duration.total_seconds()
        self._delivered: dict[int, tuple[Delivery, float]] = {}
        self._running: dict[int, Delivery] = {}
        self._longest_sleep = min(LONGEST_SLEEP_SECONDS, self._lease)
        self._changed = asyncio.Event()
        self._wake_at = 0.0
        self._redis_ahead: float | None = None
        self._reclaim_at = self._reclaimed_at = self._no_reclaim_before = 0.0
        self._term = queue.term

    def begun(self, fencing_token: int) -> None:
        delivery, _ = self._delivered.pop(fencing_token, (_UNKNOWN, 0.0))
        self._running[fencing_token] = delivery

    def ended(self, fencing_token: int) -> None:
        self._running.pop(fencing_token, None)
        self._wake(0.0)

    def due_at(self, moment_ms: int) -> None:
        """Another process has made a key due at `moment_ms` by the clock of Redis."""
        if self._redis_ahead is None:
            # The first claim is under way and may have missed the key; its answer will tell what the clock of Redis says.
            self._wake(0.0)
        else:
            self._wake(moment_ms / 1000 - self._redis_ahead)

    async def run(self) -> None:
        """Dispatch until cancelled; log an outage of Redis once, and its end once."""
        away = False
        while True:
            try:
                await self._round()
            except (redis.exceptions.RedisError, OSError) as error:
                if not away:
                    log.warning("redis_lost", error=type(error).__name__)
                    metrics.REDIS_UP.set(0)
                away = True
                await asyncio.sleep(_OUTAGE_SECONDS)
                continue
            if away:
                log.info("redis_found_again")
                self._spare_leases()
                away = False
            metrics.REDIS_UP.set(1)
            await self._rest()

    def _spare_leases(self) -> None:
        """Every lease looks ended after an outage or a failover; live workers extend theirs before any is taken back."""
        self._no_reclaim_before = self._reclaim_at = clock.lasting_seconds() + self._lease

    async def _round(self) -> None:
        """Claim once, and plan the next round."""
        if self._queue.term != self._term:
            self._term = self._queue.term
            self._spare_leases()
        now = clock.lasting_seconds()
        if now >= self._reclaim_at:
            await self._queue.reclaim()
            self._reclaimed_at = now
            self._forget_unstarted(now)
        # A slot or a key that becomes free or due from here on needs another round.
        self._wake_at = now + self._longest_sleep
        free_slots = self._free_slots()
        if free_slots.slots == 0:
            return
        claim = await self._queue.claim(free_slots, arq_queue=self._arq_queue)
        now = clock.lasting_seconds()
        self._redis_ahead = claim.now_ms / 1000 - now
        self._plan(claim, now)
        for delivery in claim.deliveries:
            self._delivered[delivery.fencing_token] = (delivery, now)
        if claim.deliveries:
            await self._start(claim.deliveries)

    def _plan(self, claim: Claim, now: float) -> None:
        next_end = self._longest_sleep if claim.next_end_seconds is None else claim.next_end_seconds
        self._reclaim_at = max(self._reclaimed_at + _RECLAIM_SECONDS, self._no_reclaim_before, now + next_end)
        self._wake(self._reclaim_at)
        if claim.next_due_seconds is not None:
            self._wake(now + claim.next_due_seconds)

    def _free_slots(self) -> FreeSlots:
        deliveries = [*self._running.values(), *(delivery for delivery, _ in self._delivered.values())]
        taken: list[tuple[str, Lane]] = [(delivery.flow, delivery.lane) for delivery in deliveries]
        return FreeSlots.beside(self._queue.settings.concurrency, self._flows, taken)

    def _forget_unstarted(self, now: float) -> None:
        """Drop deliveries that were not started within their lease: they were taken back, or lost with a wiped Redis."""
        for fencing_token, (_, at) in list(self._delivered.items()):
            if now - at > self._lease:
                del self._delivered[fencing_token]

    def _wake(self, at: float) -> None:
        """Plan a round at `at`, in seconds of this process's clock."""
        if at < self._wake_at:
            self._wake_at = at
            self._changed.set()

    async def _rest(self) -> None:
        """Sleep until the planned moment, which may move closer meanwhile."""
        while (left := self._wake_at - clock.lasting_seconds()) > 0:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
