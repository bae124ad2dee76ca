"""Copies of catalog items that ConnectWise stored under another identifier, noted until they are deleted.

{namespace}:catalog-copies    hash, catalog item id -> identifier asked for and identifier stored
"""

from __future__ import annotations

import msgspec

from cwbridge.redis import Redis, reply


class CatalogCopy(msgspec.Struct, frozen=True):
    """A catalog item that was asked for as `asked` and stored as `stored`."""

    item_id: int
    asked: str
    stored: str


class CatalogCopyNotes:
    """The noted copies in Redis; losing them leaves the copies of runs that were broken off before the delete."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:catalog-copies"

    async def add(self, copy: CatalogCopy) -> None:
        """The copy has to be deleted."""
        await reply(self._redis.hset(self._name, str(copy.item_id), msgspec.json.encode(copy).decode()))

    async def remove(self, copy: CatalogCopy) -> None:
        """The copy needs no attention any more."""
        await reply(self._redis.hdel(self._name, str(copy.item_id)))

    async def all(self) -> list[CatalogCopy]:
        """Every copy that may still exist, by item id."""
        stored = await reply(self._redis.hvals(self._name))
        return sorted(
            (msgspec.json.decode(copy, type=CatalogCopy) for copy in stored), key=lambda copy: copy.item_id
        )
