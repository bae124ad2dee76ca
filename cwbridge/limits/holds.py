"""Which systems refused the credentials, for all processes and for the operator; logged once, and once when they work again.

{namespace}:on_hold    hash, system -> since when (ms)
"""

from __future__ import annotations

import structlog

from cwbridge import clock, errors
from cwbridge.redis import Redis, reply

log = structlog.get_logger()


class SystemHolds:
    """The record of systems on hold in Redis; the holds that keep calls back are the limiters'."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:on_hold"

    async def note(self, system: str) -> None:
        """A call was refused for its credentials."""
        if await reply(self._redis.hsetnx(self._name, system, str(clock.now_ms()))):
            log.error("system_on_hold", system=system, remedy=errors.SystemOnHold.remedy_by_default)

    async def clear(self, system: str) -> None:
        """A call was taken: the credentials work."""
        if await reply(self._redis.hdel(self._name, system)):
            log.info("system_resumed", system=system)

    async def all(self) -> dict[str, int]:
        """The systems on hold and since when, in ms."""
        stored = await reply(self._redis.hgetall(self._name))
        return {system.decode(): int(since) for system, since in stored.items()}
