"""Watermarks: how far each source has been read; they move only forward, and only after the keys are durably enqueued.

{namespace}:watermark:{name}          ISO 8601 in UTC, of the source's own clock
{namespace}:watermark:{name}:epoch    random, set by the first reading and kept until Redis loses its data
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import msgspec

from cwbridge import lua
from cwbridge.redis import Redis, reply


class Begun(msgspec.Struct, frozen=True):
    """A reading of a source that has begun: what was read before it, and in which epoch of Redis it began."""

    since: datetime | None
    """None before the first complete reading."""
    epoch: str


class Watermark:
    """The moment up to which a source has been read."""

    def __init__(self, redis: Redis, *, namespace: str, name: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:watermark:{name}"
        self._epoch = f"{self._name}:epoch"
        self._advance = lua.script(redis, "producers", "watermark_advance")

    async def get(self) -> datetime | None:
        """The moment, or None before the first complete reading."""
        stored = await self._redis.get(self._name)
        return None if stored is None else datetime.fromisoformat(stored.decode())

    async def begin(self) -> Begun:
        """Begin a reading; its `since` is the moment up to which everything is enqueued already."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(self._epoch, secrets.token_hex(8), nx=True)
            pipeline.get(self._epoch)
            pipeline.get(self._name)
            _, epoch, stored = await pipeline.execute()
        return Begun(None if stored is None else datetime.fromisoformat(stored.decode()), epoch.decode())

    async def advance(self, to: datetime, begun: Begun) -> bool:
        """Move to `to`, never back.

        False, and nothing moves, when Redis was wiped since the reading began: then keys that it enqueued may be lost, and
        the next reading has to see everything.
        """
        moment = to.astimezone(UTC).isoformat()
        moved = await reply(self._advance(keys=[self._name, self._epoch], args=[moment, begun.epoch]))
        return bool(moved)
