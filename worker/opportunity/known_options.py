"""The options of each project that have (or had) an opportunity, so that a run notices their end and their new ids.

{namespace}:options:{family}    hash, option id -> its name, case-folded
"""

from __future__ import annotations

from cwbridge.ledger.links import Link, Links
from cwbridge.redis import Redis, reply
from worker.opportunity.project_key import ProjectKey


class KnownOptions:
    """The known options in Redis."""

    def __init__(self, redis: Redis, links: Links, *, namespace: str) -> None:
        self._redis = redis
        self._links = links
        self._prefix = f"{namespace}:options:"

    async def note(self, family: int, option: int, name: str) -> None:
        """Record that the option has an opportunity."""
        await reply(self._redis.hset(self._name(family), str(option), name))

    async def known(self, family: int) -> dict[int, str]:
        """Option id -> name of all that have an opportunity."""
        stored = await reply(self._redis.hgetall(self._name(family)))
        return {int(option): name.decode() for option, name in stored.items()}

    async def adopt(self, family: int, link: Link, *, old: int, new: int, name: str) -> None:
        """Give `link`, the opportunity of option `old`, to `new`, in one transaction."""
        async with self._redis.pipeline(transaction=True) as pipe:
            await self._links.move(
                pipe, "opportunity", str(ProjectKey(family, old)), str(ProjectKey(family, new)), link
            )
            pipe.hdel(self._name(family), str(old))
            pipe.hset(self._name(family), str(new), name)
            await pipe.execute()

    async def forget(self, family: int, option: int) -> None:
        """Record that the option has no opportunity."""
        await reply(self._redis.hdel(self._name(family), str(option)))

    def _name(self, family: int) -> str:
        return f"{self._prefix}{family}"
