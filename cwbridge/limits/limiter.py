"""The shared limiter: a call waits here for a free slot and for its turn.

Waiters of one process are served by lane, then in the order they came. One pump per process asks the limit for the best waiter,
and each answer takes a slot, so at most `concurrency` turns are reserved ahead: an interactive call waits behind that many calls
of its own process at most, and behind one call of every other process in line.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import heapq
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

import redis.exceptions as redis_exceptions

from cwbridge import errors, metrics
from cwbridge.limits import lane
from cwbridge.limits.answer import Answer, Full, Granted, Held, HoldReason
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.local import LocalLimit
from cwbridge.limits.rate import Rate
from cwbridge.limits.shared import SharedLimit
from cwbridge.redis import Redis

_LONGEST_HOLD_SECONDS = 30.0
_LATE_SECONDS = 0.020
_FULL_SECONDS = 0.020
_HELD_LOOK_SECONDS = 0.5

_Waiter = tuple[int, int, "asyncio.Future[Granted]"]


class Limiter:
    """Keeps the calls of all processes to one system under its rate and concurrency.

    `margin` (seconds) allows for calls that take unequally long to arrive. Without a rate this process counts its own calls;
    with a rate Redis is required (ValueError).
    """

    def __init__(
        self,
        redis: Redis | None,
        *,
        namespace: str,
        system: str,
        rate: Rate,
        concurrency: int,
        title: str = "",
        margin: float = 0.25,
    ) -> None:
        self._system = system
        self._title = title or system
        self._limit: LocalLimit | SharedLimit
        if rate.unlimited:
            self._limit = LocalLimit(concurrency=concurrency)
        elif redis is None:
            raise ValueError(f"the rate {rate} of {system} can only be kept with Redis")
        else:
            self._limit = SharedLimit(
                redis, namespace=namespace, system=system, rate=rate, concurrency=concurrency, margin=margin
            )
            metrics.LIMITER_LIMIT.labels(system).set(rate.calls)
        self._holds = SystemHolds(redis, namespace=namespace) if redis is not None else None
        self.credentials_doubted = True
        """Whether the last answer refused the credentials, in any process, or no call has tried them yet."""
        self._waiters: list[_Waiter] = []
        self._numbers = itertools.count()
        self._pump: asyncio.Task[None] | None = None
        self._stir = asyncio.Event()
        self._giving_back: set[asyncio.Future[None]] = set()
        self._wait_seconds = {one: metrics.LIMITER_WAIT.labels(system, one) for one in lane.LANES}
        self._in_flight = metrics.LIMITER_IN_FLIGHT.labels(system)

    def slot(self) -> Slot:
        """`async with limiter.slot():` around one call; raises Throttled or SystemOnHold instead of a long wait."""
        return Slot(self)

    async def hold(self, seconds: float, *, reason: HoldReason) -> None:
        """Keep all processes from calling for `seconds`; a throttle also lowers the limit for the next minutes."""
        await self._limit.hold(seconds, reason)
        self._stir.set()
        if reason == "credentials_refused":
            self.credentials_doubted = True
            if self._holds is not None:
                await self._holds.note(self._system)

    async def credentials_work(self) -> None:
        """Record that a call with doubted credentials was accepted."""
        # The call itself succeeded: when the record cannot be cleared now, the next call clears it.
        with contextlib.suppress(redis_exceptions.RedisError, OSError):
            if self._holds is not None:
                await self._holds.clear(self._system)
            self.credentials_doubted = False

    async def clear_hold(self) -> None:
        """Let calls go on at once."""
        await self._limit.clear_hold()
        self._stir.set()

    async def close(self) -> None:
        """Wait until Redis has freed every slot that was given back."""
        await asyncio.gather(*self._giving_back, return_exceptions=True)

    async def acquire(self) -> str:
        """Wait for a slot and a turn; `release` frees the slot. `slot` does both."""
        began = time.monotonic()
        call = self._at_once()
        if call is None:
            call = await self._in_line()
        self._wait_seconds[lane.CURRENT.get()].observe(time.monotonic() - began)
        self._in_flight.inc()
        return call

    async def release(self, call: str) -> None:
        self._in_flight.dec()
        if isinstance(self._limit, LocalLimit):
            self._limit.free()
            self._stir.set()
        else:
            await self._give_back(call, used=True)

    def _at_once(self) -> str | None:
        if self._waiters or not isinstance(self._limit, LocalLimit):
            return None
        answer = self._limit.look()
        return answer.call if isinstance(answer, Granted) else None

    async def _in_line(self) -> str:
        rank, number = lane.RANK[lane.CURRENT.get()], next(self._numbers)
        while True:
            granted = await self._wait_in_line(rank, number)
            gone = False
            try:
                gone = await self._await_turn(granted)
            finally:
                if not gone:
                    await self._give_back(granted.call, used=False)
            if gone:
                return granted.call

    async def _wait_in_line(self, rank: int, number: int) -> Granted:
        answer: asyncio.Future[Granted] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (rank, number, answer))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._serve_waiters(), name=f"limiter-{self._system}")
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                await self._give_back(answer.result().call, used=False)
            self._stir.set()
            raise

    async def _await_turn(self, granted: Granted) -> bool:
        """Sleep until the turn; False when calls were put on hold meanwhile."""
        if granted.seconds > 0:
            # A timer of the loop may fire up to a millisecond early.
            await asyncio.sleep(granted.seconds + 0.001)
        late = time.monotonic() - granted.asked_at - granted.seconds > _LATE_SECONDS
        if late or granted.seconds > 0:
            return await self._limit.confirm(granted.call, late=late)
        return True

    async def _serve_waiters(self) -> None:
        try:
            while self._has_waiters():
                self._stir.clear()
                await self._hand_on(await self._limit.ask())
        except Exception as error:  # noqa: BLE001 - every waiter gets the error, or it would wait for a pump that has ended
            same = error
            self._fail_waiters(lambda: same)

    async def _hand_on(self, answer: Answer) -> None:
        match answer:
            case Granted():
                if self._has_waiters():
                    heapq.heappop(self._waiters)[2].set_result(answer)
                else:
                    await self._give_back(answer.call, used=False)
            case Full():
                await self._rest(_FULL_SECONDS * random.uniform(0.75, 1.25))  # noqa: S311 - spreads the processes
            case Held() if answer.reason == "credentials_refused" or answer.seconds > _LONGEST_HOLD_SECONDS:
                self._fail_waiters(functools.partial(self._refusal, answer))
            case Held():
                await self._rest(min(answer.seconds + 0.001, _HELD_LOOK_SECONDS))

    def _has_waiters(self) -> bool:
        while self._waiters and self._waiters[0][2].done():
            heapq.heappop(self._waiters)
        return bool(self._waiters)

    def _fail_waiters(self, error: Callable[[], Exception]) -> None:
        waiters, self._waiters = self._waiters, []
        for _, _, answer in waiters:
            if not answer.done():
                answer.set_exception(error())

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stir.wait()
        except TimeoutError:
            return

    async def _give_back(self, call: str, *, used: bool) -> None:
        """Free a slot also when the caller is cancelled: a slot that stays taken blocks all processes."""
        task = asyncio.ensure_future(self._return(self._limit.give_back(call, used=used)))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)
        await asyncio.shield(task)

    async def _return(self, giving: Awaitable[None]) -> None:
        await giving
        self._stir.set()

    def _refusal(self, held: Held) -> errors.Wait:
        if held.reason == "credentials_refused":
            self.credentials_doubted = True
            return errors.SystemOnHold(
                f"{self._title} refused the credentials", seconds=min(held.seconds, 60.0)
            )
        return errors.Throttled(f"{self._title} asked for a pause", seconds=held.seconds)


class Slot:
    """The slot of one call in a limiter."""

    __slots__ = ("_call", "_limiter", "_tries_credentials")

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._call = ""
        self._tries_credentials = False

    async def __aenter__(self) -> None:
        self._call = await self._limiter.acquire()
        self._tries_credentials = self._limiter.credentials_doubted

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._limiter.release(self._call)
        if self._tries_credentials and error is None:
            await self._limiter.credentials_work()
