"""The states in which the worker left the records that it wrote, for systems that do not say who changed a record last.

{namespace}:written:{system}    hash, record such as account:42 -> the time of change that it had after the worker's last write

A poller passes over a record in exactly this state, so that a write makes no echo. A lost entry costs one run that finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cwbridge.redis import Redis, reply


class OwnWrites:
    """The hash of one system."""

    def __init__(self, redis: Redis, *, namespace: str, system: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:written:{system}"

    async def note(self, record: str, changed_at: datetime | None) -> None:
        """Keep that the worker has written `record` and then read it in its state of `changed_at`; None: it tells no time.

        A time of whole seconds tells no state either, because another user may save in the same second.
        """
        if changed_at is None or not changed_at.microsecond:
            await reply(self._redis.hdel(self._name, record))
        else:
            await reply(self._redis.hset(self._name, record, changed_at.isoformat()))

    async def among(self, states: Sequence[tuple[str, datetime | None]]) -> set[str]:
        """The records of `states` that are still as the worker left them."""
        if not states:
            return set()
        kept = await reply(self._redis.hmget(self._name, [record for record, _ in states]))
        return {
            record
            for (record, changed_at), left in zip(states, kept, strict=True)
            if left is not None and changed_at is not None and left.decode() == changed_at.isoformat()
        }
