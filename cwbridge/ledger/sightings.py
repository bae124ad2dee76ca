"""Which project id was last seen as the active version of a family; a hint, since the newest version has an id of its own.

{namespace}:active    hash, family -> project id
"""

from __future__ import annotations

from collections.abc import Mapping

from cwbridge.redis import Redis, reply


class Sightings:
    """Hints in Redis; without one the first version is asked for."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:active"
        self._options = f"{namespace}:options:"

    async def note(self, active: Mapping[int, int]) -> None:
        """Keep the active project id of each family."""
        if active:
            await reply(
                self._redis.hset(self._name, mapping={str(family): id_ for family, id_ in active.items()})
            )

    async def hint(self, family: int) -> int | None:
        """The project id last seen active in the family, or None."""
        stored = await reply(self._redis.hget(self._name, str(family)))
        return None if stored is None else int(stored)

    async def note_option(self, family: int, option: int) -> None:
        """Keep that the option has an opportunity, so that its end is noticed."""
        await reply(self._redis.sadd(f"{self._options}{family}", option))

    async def options(self, family: int) -> set[int]:
        """The options of the family that have an opportunity."""
        return {int(option) for option in await reply(self._redis.smembers(f"{self._options}{family}"))}
