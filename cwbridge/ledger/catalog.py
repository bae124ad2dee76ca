"""Which catalog item was found for an identifier, remembered for all workers until it is too old.

{namespace}:catalog:{digest of the identifier}    hash, owner -> catalog item id; expires
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec

from cwbridge.redis import Redis


class Place(msgspec.Struct, frozen=True):
    """What an item was looked for by: its identifier and whose it has to be, both case-folded."""

    identifier: str
    owner: str


class CatalogMemory:
    """Found catalog items in Redis; losing it costs look-ups, nothing else."""

    def __init__(self, redis: Redis, *, namespace: str, found_for: timedelta) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:catalog:"
        self._seconds = max(1, int(found_for.total_seconds()))

    async def recall(self, places: Sequence[Place]) -> list[int | None]:
        """The item of each place, None where nothing is remembered."""
        if not places:
            return []
        async with self._redis.pipeline(transaction=False) as pipe:
            for place in places:
                pipe.hget(self._name(place.identifier), place.owner)
            stored = await pipe.execute()
        return [None if item is None else int(item) for item in stored]

    async def remember(self, found: Mapping[Place, int]) -> None:
        """Keep the items found."""
        if not found:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for place, item in found.items():
                name = self._name(place.identifier)
                pipe.hset(name, place.owner, str(item))
                pipe.expire(name, self._seconds)
            await pipe.execute()

    async def forget(self, identifiers: Iterable[str]) -> None:
        """Look these up anew next time, whosever they are; identifiers are case-folded."""
        names = [self._name(identifier) for identifier in identifiers]
        if names:
            await self._redis.delete(*names)

    def _name(self, identifier: str) -> str:
        return self._prefix + hashlib.blake2b(identifier.encode(), digest_size=16).hexdigest()
