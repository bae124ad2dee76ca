"""Which systems refused the credentials, for all processes and for the operator; logged once, and once when they work again.

{namespace}:stopped    hash, system -> since when (ms)
"""

from __future__ import annotations

from typing import Final

import structlog

from cwbridge import clock, errors, metrics
from cwbridge.redis import Redis, reply

TITLES: Final = {"jetbuilt": "Jetbuilt", "connectwise": "ConnectWise", "bss": "BSS"}

log = structlog.get_logger()


class SystemHolds:
    """The record of stopped systems in Redis; the holds that keep calls back are the limiters'."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:stopped"

    async def note(self, system: str) -> None:
        """A call was refused for its credentials."""
        metrics.SYSTEM_ON_HOLD.labels(system).set(1)
        if await reply(self._redis.hsetnx(self._name, system, str(clock.now_ms()))):
            log.error("system_on_hold", system=system, remedy=errors.SystemOnHold.remedy_by_default)

    async def clear(self, system: str) -> None:
        """A call was taken: the credentials work."""
        metrics.SYSTEM_ON_HOLD.labels(system).set(0)
        if await reply(self._redis.hdel(self._name, system)):
            log.info("system_resumed", system=system)

    async def all(self) -> dict[str, int]:
        """The stopped systems and since when, in ms; brings the gauges of this process up to date."""
        stored = await reply(self._redis.hgetall(self._name))
        on_hold = {system.decode(): int(since) for system, since in stored.items()}
        for system in TITLES:
            metrics.SYSTEM_ON_HOLD.labels(system).set(system in on_hold)
        return on_hold
