"""Values that are loaded once for all callers and then cached for some time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cwbridge import clock

K = TypeVar("K")
T = TypeVar("T")


class CachedValue(Generic[T]):
    """The last result of `load`, at most `ttl` seconds old; an error is not cached."""

    def __init__(self, load: Callable[[], Awaitable[T]], *, ttl: float) -> None:
        self._load = load
        self._ttl = ttl
        self._loaded_at = float("-inf")
        self._value: T | None = None
        self._one_at_a_time = asyncio.Lock()

    async def get(self, *, max_age: float | None = None) -> T:
        """The value, loaded again when it is older than `max_age` seconds (default: `ttl`); raises what `load` raises."""
        allowed = self._ttl if max_age is None else max_age
        async with self._one_at_a_time:
            if self._value is None or clock.lasting_seconds() - self._loaded_at > allowed:
                self._value = await self._load()
                self._loaded_at = clock.lasting_seconds()
            return self._value

    def forget(self) -> None:
        """Load again at the next call."""
        self._value = None


class CachedValues(Generic[K, T]):
    """Values by key, each loaded once for all callers and at most `ttl` seconds old; the `max_size` that were asked for last are kept."""

    def __init__(self, load: Callable[[K], Awaitable[T]], *, ttl: float, max_size: int) -> None:
        self._load = load
        self._ttl = ttl
        self._max_size = max_size
        self._values: dict[K, CachedValue[T]] = {}

    async def get(self, key: K) -> T:
        """The value of `key`; raises what `load` raises, which is not cached."""
        value = self._values.pop(key, None)
        if value is None:
            value = CachedValue(lambda: self._load(key), ttl=self._ttl)
        self._values[key] = value
        while len(self._values) > self._max_size:
            del self._values[next(iter(self._values))]
        return await value.get()
