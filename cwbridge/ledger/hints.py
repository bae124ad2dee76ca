"""Hints: ids that a producer saw and that save a worker calls; they can be lost without harm.

{namespace}:hints:{name}    hash, number of an object -> id noticed last
"""

from __future__ import annotations

from collections.abc import Mapping

from cwbridge.redis import Redis, reply

NOT_LISTED = 0
"""Stored instead of an id when the list of the source does not show the object, although it may still be readable."""


class Hints:
    """One table of hints, which a producer notes and a worker reads."""

    def __init__(self, redis: Redis, *, namespace: str, name: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:hints:{name}"

    async def note(self, noticed: Mapping[int, int]) -> None:
        """Keep the id noticed for each object."""
        if noticed:
            await reply(self._redis.hset(self._name, mapping={str(one): id_ for one, id_ in noticed.items()}))

    async def hint(self, number: int) -> int | None:
        """The id noticed last for the object, or None."""
        stored = await reply(self._redis.hget(self._name, str(number)))
        return None if stored is None else int(stored)
