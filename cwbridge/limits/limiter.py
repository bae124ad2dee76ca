"""The shared limiter: a call waits here for a free slot and for its turn.

Waiters of one process are served by priority, then by lane, then in the order they came. One pump per process asks the limit for
the best waiters, all of one priority in one question. Turns are reserved for a quarter of a second ahead at most, so a call of a
person waits behind what is reserved by then, and behind nothing that comes later.
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
from typing import NamedTuple

import redis.exceptions as redis_exceptions

from cwbridge import errors, metrics
from cwbridge.limits import lane, priority
from cwbridge.limits.answer import Answer, Full, Granted, Held, HoldReason
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.local import LocalLimit
from cwbridge.limits.priority import Priority
from cwbridge.limits.rate import Rate
from cwbridge.limits.shared import SharedLimit
from cwbridge.redis import Redis

_LONGEST_HOLD_SECONDS = 30.0
_LATE_SECONDS = 0.020
# A message says when a slot is free; this bounds what a lost one costs, and tells the others that this process still waits.
_FULL_SECONDS = 0.2
_SPREAD_SECONDS = 0.01
_HELD_LOOK_SECONDS = 0.5
_MOST_AT_ONCE = 16


class _Waiter(NamedTuple):
    """A call in line; the best one is the smallest."""

    priority: Priority
    rank: int
    number: int
    answer: asyncio.Future[Granted]


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
        self._rate = rate
        self._stir = asyncio.Event()
        self._awaits_turn = False
        """Whether the pump rests until a turn comes, which a free slot does not hasten."""
        self._limit: LocalLimit | SharedLimit
        if rate.unlimited:
            self._limit = LocalLimit(concurrency=concurrency)
        elif redis is None:
            raise ValueError(f"the rate {rate} of {system} can only be kept with Redis")
        else:
            self._limit = SharedLimit(
                redis,
                namespace=namespace,
                system=system,
                rate=rate,
                concurrency=concurrency,
                margin=margin,
                on_freed=self._slot_freed,
            )
        self._holds = SystemHolds(redis, namespace=namespace) if redis is not None else None
        self.credentials_doubted = True
        """Whether the last answer refused the credentials, in any process, or no call has tried them yet."""
        self._waiters: list[_Waiter] = []
        self._numbers = itertools.count()
        self._pump: asyncio.Task[None] | None = None
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
        await self._limit.close()

    async def acquire(self) -> str:
        """Wait for a slot and a turn; `release` frees the slot. `slot` does both."""
        began = time.monotonic()
        call = self._at_once()
        if call is None:
            call = await self._in_line()
        self._wait_seconds[lane.CURRENT.get()].observe(time.monotonic() - began)
        self._in_flight.inc()
        return call

    def release(self, call: str) -> None:
        """Free the slot of a call that was made; Redis hears of it soon."""
        self._in_flight.dec()
        self._limit.end(call)
        self._slot_freed()

    def _slot_freed(self) -> None:
        if not self._awaits_turn:
            self._wake()

    def _wake(self) -> None:
        self._stir.set()

    def _at_once(self) -> str | None:
        if self._waiters or not isinstance(self._limit, LocalLimit):
            return None
        match self._limit.look():
            case [Granted(call=call)]:
                return call
            case _:
                return None

    async def _in_line(self) -> str:
        own = priority.of_next_call(self._system, self._rate)
        rank, number = lane.RANK[lane.CURRENT.get()], next(self._numbers)
        while True:
            granted = await self._wait_in_line(own, rank, number)
            gone = False
            try:
                gone = await self._await_turn(granted)
            finally:
                if not gone:
                    await self._give_back(granted.call)
            if gone:
                return granted.call

    async def _wait_in_line(self, own: Priority, rank: int, number: int) -> Granted:
        waiter = _Waiter(own, rank, number, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiters, waiter)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._serve_waiters(), name=f"limiter-{self._system}")
        elif self._waiters[0] is waiter:
            # The pump may rest until the turn of a less urgent call.
            self._wake()
        answer = waiter.answer
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                await self._give_back(answer.result().call)
            self._wake()
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
                best = self._waiters[0].priority
                first = heapq.nsmallest(_MOST_AT_ONCE, self._waiters)
                count = sum(waiter.priority is best and not waiter.answer.done() for waiter in first)
                await self._hand_on(await self._limit.ask(best, count), best)
        except Exception as error:  # noqa: BLE001 - every waiter gets the error, or it would wait for a pump that has ended
            same = error
            self._fail_waiters(lambda: same)

    async def _hand_on(self, answer: Answer, best: Priority) -> None:
        match answer:
            case Full(seconds=0):
                await self._rest(_FULL_SECONDS * random.uniform(0.75, 1.25))  # noqa: S311 - spreads the processes
            case Full():
                self._awaits_turn = True
                await self._rest(answer.seconds + random.uniform(0, _SPREAD_SECONDS))  # noqa: S311 - the same
                self._awaits_turn = False
            case Held() if answer.reason == "credentials_refused" or answer.seconds > _LONGEST_HOLD_SECONDS:
                self._fail_waiters(functools.partial(self._refusal, answer))
            case Held():
                await self._rest(min(answer.seconds + 0.001, _HELD_LOOK_SECONDS))
            case _:
                for granted in answer:
                    # What was granted to one priority is not for the next one.
                    if self._has_waiters() and self._waiters[0].priority <= best:
                        heapq.heappop(self._waiters).answer.set_result(granted)
                    else:
                        await self._give_back(granted.call)

    def _has_waiters(self) -> bool:
        while self._waiters and self._waiters[0].answer.done():
            heapq.heappop(self._waiters)
        return bool(self._waiters)

    def _fail_waiters(self, error: Callable[[], Exception]) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.answer.done():
                waiter.answer.set_exception(error())

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stir.wait()
        except TimeoutError:
            return

    async def _give_back(self, call: str) -> None:
        """Free a slot also when the caller is cancelled: a slot that stays taken blocks all processes."""
        task = asyncio.ensure_future(self._return(self._limit.give_back(call)))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)
        await asyncio.shield(task)

    async def _return(self, giving: Awaitable[None]) -> None:
        await giving
        self._wake()

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
        self._limiter.release(self._call)
        if self._tries_credentials and error is None:
            await self._limiter.credentials_work()
