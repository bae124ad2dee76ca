"""Objects that were skipped until another one changes, so that they come by themselves when it does.

{namespace}:skipped:{key}    set, the keys that were skipped because of the object of `key`
"""

from __future__ import annotations

from cwbridge.redis import Redis, reply


class Skips:
    """The skipped keys in Redis; losing them costs a delay until the next full sync."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:skipped:"

    async def note(self, key: str, skipped: str) -> None:
        """`skipped` is to run again when the object of `key` has changed."""
        await reply(self._redis.sadd(self._prefix + key, skipped))

    async def forget(self, key: str, *skipped: str) -> None:
        """The keys `skipped` were enqueued or worked on."""
        if skipped:
            await reply(self._redis.srem(self._prefix + key, *skipped))

    async def of(self, key: str) -> list[str]:
        """The keys that were skipped because of the object of `key`."""
        return sorted(name.decode() for name in await reply(self._redis.smembers(self._prefix + key)))
