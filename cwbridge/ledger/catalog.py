"""Which catalog item was found for an identifier, cached for all workers until it is too old.

{namespace}:catalog:{digest of the identifier}    hash, owner -> catalog item id; expires
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec

from cwbridge.redis import Redis

_CACHE_TTL = timedelta(hours=12)


class CatalogKey(msgspec.Struct, frozen=True):
    """What a catalog item is looked up by: its identifier and its owner (a manufacturer, or a locked sub-category), both case-folded."""

    identifier: str
    owner: str


class CatalogCache:
    """Found catalog items in Redis; losing them costs look-ups, nothing else."""

    def __init__(self, redis: Redis, *, namespace: str, cache_ttl: timedelta = _CACHE_TTL) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:catalog:"
        self._seconds = max(1, int(cache_ttl.total_seconds()))

    async def get(self, catalog_keys: Sequence[CatalogKey]) -> list[int | None]:
        """The item of each key in order, None where none is cached."""
        if not catalog_keys:
            return []
        async with self._redis.pipeline(transaction=False) as pipe:
            for catalog_key in catalog_keys:
                pipe.hget(self._name(catalog_key.identifier), catalog_key.owner)
            stored = await pipe.execute()
        return [None if item is None else int(item) for item in stored]

    async def put(self, found: Mapping[CatalogKey, int]) -> None:
        """Keep the items found."""
        if not found:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for catalog_key, item in found.items():
                name = self._name(catalog_key.identifier)
                pipe.hset(name, catalog_key.owner, str(item))
                pipe.expire(name, self._seconds)
            await pipe.execute()

    async def drop(self, identifiers: Iterable[str]) -> None:
        """Drop the cached items of these case-folded identifiers, of every owner."""
        names = [self._name(identifier) for identifier in identifiers]
        if names:
            await self._redis.delete(*names)

    def _name(self, identifier: str) -> str:
        return self._prefix + hashlib.blake2b(identifier.encode(), digest_size=16).hexdigest()
