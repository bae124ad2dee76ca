"""The names of the daemon's own user in a system, so that its writes do not count as changes by other users.

{namespace}:ourselves    set of names
"""

from __future__ import annotations

from cwbridge.redis import Redis, reply


class ApiMember:
    """The names that a system records for writes of the daemon."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:ourselves"
        self._noted: set[str] = set()

    async def note(self, name: str) -> None:
        """Store a name that the system recorded for a write of the daemon."""
        if name not in self._noted:
            await reply(self._redis.sadd(self._name, name))
            self._noted.add(name)

    async def names(self) -> set[str]:
        """Every name noted so far."""
        return {name.decode() for name in await reply(self._redis.smembers(self._name))}
