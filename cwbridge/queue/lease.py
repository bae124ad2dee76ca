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

# A write that is allowed now stays under way for a moment; no other worker may begin before it ends.
_MARGIN = 0.2
# After Redis was wiped a key may be delivered again at once; its old run notices within this time.
_LONGEST_BEAT_SECONDS = 1.0


class Lease:
    """Surrounds a run: extends the lease at least three times as often as needed, and cancels the run when the lease is lost."""

    def __init__(self, queue: Queue, run: Run, *, taken_at: float) -> None:
        self._queue = queue
        self._run = run
        self._length = queue.settings.lease_duration.total_seconds()
        self._ends_at = taken_at + self._length * (1 - _MARGIN)
        self._first_beat: asyncio.TimerHandle | None = None
        self._heartbeat: asyncio.Task[None] | None = None
        self._work: asyncio.Task[None] | None = None
        self.lost = False
        self.taken = False
        """True when Redis confirmed that another delivery has the key; otherwise another delivery may have it."""

    def ensure(self) -> None:
        """Raise LeaseLost unless this run may still write; reads only the clock, so that it can precede every write."""
        if clock.lasting_seconds() >= self._ends_at:
            self._lose()
        if self.lost:
            raise errors.LeaseLost("this worker's lease on the object has ended", detail=self._run.key)

    async def confirm(self) -> None:
        """Raise LeaseLost unless Redis confirms that this run has the lease; the lease is extended.

        Raises Busy when a failover could lose the extension.
        """
        asked_at = clock.lasting_seconds()
        if await self._queue.confirm(self._run):
            self._ends_at = max(self._ends_at, asked_at + self._length * (1 - _MARGIN))
        else:
            self.taken = True
            self._lose()
        self.ensure()

    def covers(self, work: asyncio.Task[None]) -> None:
        """Cancel `work` as soon as the lease is lost."""
        self._work = work

    async def __aenter__(self) -> Self:
        # Most runs end before their first heartbeat.
        loop = asyncio.get_running_loop()
        self._first_beat = loop.call_later(self._pause(), self._begin_to_beat)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._first_beat is not None:
            self._first_beat.cancel()
        if self._heartbeat is not None:
            self._heartbeat.cancel()

    def _begin_to_beat(self) -> None:
        self._heartbeat = asyncio.create_task(self._beat(), name=f"lease-{self._run.key}")

    def _pause(self) -> float:
        left = self._ends_at - clock.lasting_seconds()
        return max(0.0, min(self._length / 3, _LONGEST_BEAT_SECONDS, left))

    def _lose(self) -> None:
        self.lost = True
        if self._work is not None:
            self._work.cancel()

    async def _beat(self) -> None:
        while self._ends_at > clock.lasting_seconds():
            asked_at = clock.lasting_seconds()
            # While Redis is away the heartbeat is repeated until the lease ends.
            with contextlib.suppress(redis.exceptions.RedisError, OSError, TimeoutError):
                async with asyncio.timeout(max(0.0, self._ends_at - asked_at)):
                    if not await self._queue.extend(self._run):
                        self.taken = True
                        break
                self._ends_at = asked_at + self._length * (1 - _MARGIN)
            await asyncio.sleep(self._pause())
        self._lose()
