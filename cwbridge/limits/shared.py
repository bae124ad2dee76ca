"""The limits of one system as all processes share them through Redis."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import Callable

import redis.exceptions as redis_exceptions

from cwbridge import lua, wakeup
from cwbridge.limits import priority as priorities
from cwbridge.limits.answer import Answer, Full, Granted, Held, HoldReason
from cwbridge.limits.priority import Bound, Priority
from cwbridge.limits.rate import Rate
from cwbridge.redis import Redis

# The slots of a killed process stay taken this long; a live process renews its slots three times as often.
_SLOT_MS = 9_000
RECOVERY_MS = 300_000
"""How long a limit that a throttle has cut takes to grow back."""
_PARTS = ("log", "slots", "state", "line", "looked", "freed")
# Long enough for the next call of the same process to take the news along, short beside a call.
_FREE_AFTER_SECONDS = 0.004


def redis_keys(namespace: str, system: str) -> list[str]:
    """The Redis keys of the limit of a system; window.lua says what is in them."""
    return [f"{namespace}:limit:{system}:{part}" for part in _PARTS]


class SharedLimit:
    """An exact sliding log with reservations, and slots that expire when their process dies.

    `on_freed` is called when a process that waits for a slot should ask again.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        namespace: str,
        system: str,
        rate: Rate,
        concurrency: int,
        margin: float,
        on_freed: Callable[[], None] = lambda: None,
    ) -> None:
        self._keys = redis_keys(namespace, system)
        self._limit = rate.calls
        self._window_ms = round(rate.seconds * 1000)
        self._redis = redis
        self._take, self._confirm, self._renew, self._hold, self._clear, self._free = (
            lua.script(redis, "cwbridge.limits", "window", name)
            for name in ("take", "confirm", "renew", "hold", "clear", "free")
        )
        settings = (rate.calls, self._window_ms, round(margin * 1000), concurrency, _SLOT_MS, RECOVERY_MS)
        self._settings: dict[Priority, tuple[int | str, ...]] = {
            one: (
                *settings,
                int(one is Priority.BULK),
                *(_written(priorities.bounds(rate, one, beside_small=beside)) for beside in (False, True)),
            )
            for one in Priority
        }
        self._process = uuid.uuid4().hex[:12]
        self._numbers = itertools.count(1)
        self._own_calls: set[str] = set()
        self._ended: list[str] = []
        self._on_freed = on_freed
        self._renewal: asyncio.Task[None] | None = None
        self._freeing: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    async def ask(self, priority: Priority, count: int) -> Answer:
        numbers = [next(self._numbers) for _ in range(count)]
        calls = [f"{self._process}:{number}" for number in numbers]
        ended, self._ended = self._ended, []
        given = [self._process, numbers[0], count, *self._settings[priority], *ended]
        asked_at = time.monotonic()
        self._own_calls.update(calls)
        try:
            answer, *values = await self._take(self._keys, given)
        except BaseException:
            # Whether the calls got slots is unknown; the slots expire, and the turns leave with the window.
            self._own_calls.difference_update(calls)
            self._ended += ended
            raise
        if answer == b"granted":
            self._own_calls.difference_update(calls[len(values) :])
            self._keep_slots()
            return [Granted(call, turn / 1000, asked_at) for call, turn in zip(calls, values, strict=False)]
        self._own_calls.difference_update(calls)
        if answer == b"held":
            milliseconds, why = values
            return Held(
                milliseconds / 1000, "credentials_refused" if why == b"credentials_refused" else "throttled"
            )
        (milliseconds,) = values
        if not milliseconds:
            self._listen()
        return Full(milliseconds / 1000)

    async def confirm(self, call: str, *, late: bool) -> bool:
        return not await self._confirm(self._keys, [call, int(late)])

    async def give_back(self, call: str) -> None:
        """Free slot and turn; never fails, because a slot that cannot be freed now expires."""
        self._own_calls.discard(call)
        log, slots, *_ = self._keys
        with contextlib.suppress(redis_exceptions.RedisError, OSError):
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.zrem(slots, call)
                pipeline.zrem(log, call)
                await pipeline.execute()

    def end(self, call: str) -> None:
        """Free the slot together with the next question, or soon."""
        self._own_calls.discard(call)
        self._ended.append(call)
        if self._freeing is None or self._freeing.done():
            self._freeing = asyncio.create_task(self._free_soon(), name="limiter-free")

    async def hold(self, seconds: float, reason: HoldReason) -> None:
        given: list[int | str] = [round(seconds * 1000), reason, self._limit, self._window_ms, RECOVERY_MS]
        await self._hold(self._keys, given)

    async def clear_hold(self) -> None:
        await self._clear(self._keys)

    async def close(self) -> None:
        """Free what has ended, and listen no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})
        if self._freeing is not None:
            await self._freeing

    async def _free_soon(self) -> None:
        """Free what no question takes along; a slot that cannot be freed now expires."""
        while self._ended:
            await asyncio.sleep(_FREE_AFTER_SECONDS)
            if not self._ended:
                return
            ended, self._ended = self._ended, []
            with contextlib.suppress(redis_exceptions.RedisError, OSError):
                await self._free(self._keys, ended)

    def _listen(self) -> None:
        """Hear from now on when a slot becomes free."""
        if self._listening is None or self._listening.done():
            channel = self._keys[_PARTS.index("freed")]
            self._listening = asyncio.create_task(
                wakeup.listen(self._redis, channel, lambda _: self._on_freed()), name="limiter-freed"
            )

    def _keep_slots(self) -> None:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew_slots(), name="limiter-renewal")

    async def _renew_slots(self) -> None:
        """Extend the slots of this process until it has no call under way; the next call starts it again."""
        while True:
            await asyncio.sleep(_SLOT_MS / 3000)
            if not self._own_calls:
                return
            # The calls themselves raise the errors of Redis; the slots stay or expire with it.
            with contextlib.suppress(redis_exceptions.RedisError, OSError):
                await self._renew(self._keys, [_SLOT_MS, *self._own_calls])


def _written(bounds: tuple[Bound, ...]) -> str:
    return ";".join(f"{bound.of_limit:g},{bound.of_window:g}" for bound in bounds)
