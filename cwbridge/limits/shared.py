"""The limits of one system as all processes share them through Redis."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
import uuid

import redis.exceptions as redis_exceptions

from cwbridge import lua
from cwbridge.limits.answer import Answer, Full, Granted, Held, HoldReason
from cwbridge.limits.rate import Rate
from cwbridge.redis import Redis

# The slots of a killed process stay taken this long; a live process renews its slots three times as often.
_SLOT_MS = 9_000
RECOVERY_MS = 300_000
"""How long a limit that a throttle has cut takes to grow back."""
_PARTS = ("log", "slots", "state", "line", "looked")


def redis_keys(namespace: str, system: str) -> list[str]:
    """The Redis keys of the limit of a system; window.lua says what is in them."""
    return [f"{namespace}:limit:{system}:{part}" for part in _PARTS]


class SharedLimit:
    """An exact sliding log with reservations, and slots that expire when their process dies."""

    def __init__(
        self, redis: Redis, *, namespace: str, system: str, rate: Rate, concurrency: int, margin: float
    ) -> None:
        self._keys = redis_keys(namespace, system)
        self._limit = rate.calls
        self._window_ms = round(rate.seconds * 1000)
        self._margin_ms = round(margin * 1000)
        self._concurrency = concurrency
        self._redis = redis
        self._take, self._confirm, self._renew, self._hold, self._clear = (
            lua.script(redis, "cwbridge.limits", "window", name)
            for name in ("take", "confirm", "renew", "hold", "clear")
        )
        self._process = uuid.uuid4().hex[:12]
        self._numbers = itertools.count(1)
        self._own_calls: set[str] = set()
        self._renewal: asyncio.Task[None] | None = None

    async def ask(self) -> Answer:
        call = f"{self._process}:{next(self._numbers)}"
        asked_at = time.monotonic()
        given: list[int | str] = [call, self._limit, self._window_ms, self._margin_ms, self._concurrency]
        given += [_SLOT_MS, RECOVERY_MS]
        self._own_calls.add(call)
        try:
            answer, milliseconds, *why = await self._take(self._keys, given)
        except BaseException:
            # Whether the call got a slot is unknown; the slot expires, and the turn leaves with the window.
            self._own_calls.discard(call)
            raise
        if answer == b"granted":
            self._keep_slots()
            return Granted(call, milliseconds / 1000, asked_at)
        self._own_calls.discard(call)
        if answer == b"held":
            return Held(
                milliseconds / 1000, "credentials_refused" if why == [b"credentials_refused"] else "throttled"
            )
        return Full()

    async def confirm(self, call: str, *, late: bool) -> bool:
        return not await self._confirm(self._keys, [call, int(late)])

    async def give_back(self, call: str, *, used: bool) -> None:
        """Free the slot; never fails, because a slot that cannot be freed now expires."""
        self._own_calls.discard(call)
        log, slots, *_ = self._keys
        with contextlib.suppress(redis_exceptions.RedisError, OSError):
            if used:
                await self._redis.zrem(slots, call)
                return
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.zrem(slots, call)
                pipeline.zrem(log, call)
                await pipeline.execute()

    async def hold(self, seconds: float, reason: HoldReason) -> None:
        given: list[int | str] = [round(seconds * 1000), reason, self._limit, self._window_ms, RECOVERY_MS]
        await self._hold(self._keys, given)

    async def clear_hold(self) -> None:
        await self._clear(self._keys)

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
