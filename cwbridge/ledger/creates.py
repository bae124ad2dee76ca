"""Creates under way, so that a record whose create got no answer is known again as made for its object.

{namespace}:creating    hash, link identity -> when the create was sent, in milliseconds
"""

from __future__ import annotations

from cwbridge import clock
from cwbridge.redis import Redis, reply


class Creates:
    """The creates in Redis that have no answer yet."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:creating"

    async def begin(self, identity: str) -> None:
        """A record is about to be created for `identity`."""
        await reply(self._redis.hset(self._name, identity, str(clock.now_ms())))

    async def end(self, identity: str) -> None:
        """The create was answered: the record is linked, or it was refused and does not exist."""
        await reply(self._redis.hdel(self._name, identity))

    async def is_open(self, identity: str) -> bool:
        """Whether a create for `identity` was sent and its answer is not known."""
        return bool(await reply(self._redis.hexists(self._name, identity)))
