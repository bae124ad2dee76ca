"""What was noticed in passing: hints that save questions and are found again when they are lost.

{namespace}:active       hash, family -> project id of its active version, which has an id of its own
{namespace}:ourselves    set, the names under which ConnectWise knows our API member
"""

from __future__ import annotations

from collections.abc import Mapping

from cwbridge.redis import Redis, reply

NOT_LISTED = 0
"""In the place of an id: the list shows no version of the family, although one may still be readable."""


class Sightings:
    """Hints in Redis; without one the first version is asked for."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:active"
        self._ourselves = f"{namespace}:ourselves"
        self._known_names: set[str] = set()

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

    async def note_ourselves(self, name: str) -> None:
        """Keep a name that ConnectWise writes beside our own changes."""
        if name not in self._known_names:
            await reply(self._redis.sadd(self._ourselves, name))
            self._known_names.add(name)

    async def ourselves(self) -> set[str]:
        """The names of our API member."""
        return {name.decode() for name in await reply(self._redis.smembers(self._ourselves))}
