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
    """A reading of a source that has begun: what was read before it, in which epoch of Redis and on which primary it began."""

    since: datetime | None
    """None before the first complete reading."""
    epoch: str


class Watermark:
    """The moment up to which a source has been read."""

    def __init__(self, redis: Redis, *, namespace: str, name: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:watermark:{name}"
        self._epoch = f"{self._name}:epoch"
        self._begin, self._advance = (
            lua.script(redis, "producers", "primary", name)
            for name in ("watermark_begin", "watermark_advance")
        )

    async def get(self) -> datetime | None:
        """The moment, or None before the first complete reading."""
        stored = await self._redis.get(self._name)
        return None if stored is None else datetime.fromisoformat(stored.decode())

    async def begin(self) -> Begun:
        """Begin a reading; its `since` is the moment up to which everything is enqueued already."""
        answer = await reply(self._begin(keys=[self._name, self._epoch], args=[secrets.token_hex(8)]))
        epoch, stored = answer
        return Begun(None if stored is None else datetime.fromisoformat(stored.decode()), epoch.decode())

    async def advance(self, to: datetime, begun: Begun) -> bool:
        """Move to `to`, never back.

        False, and nothing moves, when Redis was wiped since the reading began, started again, or was replaced by another
        primary: then keys that it enqueued may be lost, and the next reading has to see them again. A replica that takes over
        has a beginning of the history of its primary, so its watermark is as old as its queue.
        """
        moment = to.astimezone(UTC).isoformat()
        moved = await reply(self._advance(keys=[self._name, self._epoch], args=[moment, begun.epoch]))
        return bool(moved)
