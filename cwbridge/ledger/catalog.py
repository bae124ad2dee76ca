"""Which catalog item was found for an identifier, remembered for all workers until it is too old.

{namespace}:catalog:{digest}    catalog item id, expires
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from cwbridge.redis import Redis


class CatalogMemory:
    """Found catalog items in Redis; losing it costs look-ups, nothing else."""

    def __init__(self, redis: Redis, *, namespace: str, found_for: timedelta) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:catalog:"
        self._seconds = max(1, int(found_for.total_seconds()))

    async def recall(self, keys: Sequence[str]) -> list[int | None]:
        """The item of each key, None where nothing is remembered."""
        if not keys:
            return []
        stored = await self._redis.mget([self._name(key) for key in keys])
        return [None if item is None else int(item) for item in stored]

    async def remember(self, found: Mapping[str, int]) -> None:
        """Keep the items found."""
        if not found:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for key, item in found.items():
                pipe.set(self._name(key), item, ex=self._seconds)
            await pipe.execute()

    async def forget(self, keys: Sequence[str]) -> None:
        """Look these up anew next time."""
        if keys:
            await self._redis.delete(*(self._name(key) for key in keys))

    def _name(self, key: str) -> str:
        return self._prefix + hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
