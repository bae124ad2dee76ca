"""The right to write one object, kept by a heartbeat while its run goes on."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import redis.exceptions

from cwbridge import clock, errors
from cwbridge.queue.job import Run
from cwbridge.queue.queue import Queue

# A write that is allowed now is under way for a moment longer; no other worker may have begun by then.
_MARGIN = 0.2
# After Redis was wiped a key may be delivered again at once; its old run hears of it within this time.
_LONGEST_BEAT_SECONDS = 1.0


class Lease:
    """Around a run: extends the lease at least three times as often as needed; `lost` is set when this run has lost it."""

    def __init__(self, queue: Queue, run: Run, *, taken_at: float) -> None:
        self._queue = queue
        self._run = run
        self._length = queue.settings.lease_duration.total_seconds()
        self._ends_at = taken_at + self._length * (1 - _MARGIN)
        self._heartbeat: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()
        self.taken = False
        """True when Redis said that another delivery has the key; else a lost lease only may be another's."""

    def ensure(self) -> None:
        """Raise LeaseLost unless this run may still write; looks at the clock only, so it can stand before every write."""
        if clock.lasting_seconds() >= self._ends_at:
            self.lost.set()
        if self.lost.is_set():
            raise errors.LeaseLost("this worker's lease on the object has ended", detail=self._run.key)

    async def confirm(self) -> None:
        """Raise LeaseLost unless Redis says at this moment that this run has the lease; it is extended, too."""
        asked_at = clock.lasting_seconds()
        if await self._queue.extend(self._run):
            self._ends_at = max(self._ends_at, asked_at + self._length * (1 - _MARGIN))
        else:
            self.taken = True
            self.lost.set()
        self.ensure()

    async def __aenter__(self) -> Self:
        self._heartbeat = asyncio.create_task(self._beat(), name=f"lease-{self._run.key}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()

    async def _beat(self) -> None:
        while (left := self._ends_at - clock.lasting_seconds()) > 0:
            await asyncio.sleep(min(self._length / 3, _LONGEST_BEAT_SECONDS, left))
            asked_at = clock.lasting_seconds()
            # While Redis is away there is nothing to do but to ask again until the lease ends.
            with contextlib.suppress(redis.exceptions.RedisError, OSError, TimeoutError):
                async with asyncio.timeout(max(0.0, self._ends_at - asked_at)):
                    if not await self._queue.extend(self._run):
                        self.taken = True
                        break
                self._ends_at = asked_at + self._length * (1 - _MARGIN)
        self.lost.set()
