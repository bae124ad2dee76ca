"""Writes to a pair of records that are under way, so that a write whose answer was lost is not taken for a change by another user.

{namespace}:attempts         hash, link identity -> the attempts as JSON: field -> [side written, value in the source, value in the target, value sent]
{namespace}:late_attempts    hash, the same of a run that had lost its lease when it wrote: a later run may have written before it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from cwbridge import replication
from cwbridge.redis import Redis, reply


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """What a run was about to write on one `side`, and what both sides held before."""

    side: Literal["source", "target"]
    source: str
    target: str
    sent: str


class OpenAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts by field of the last run, where it did not end them, and of a run that had lost its lease."""

    last: Mapping[str, Attempt]
    late: Mapping[str, Attempt]

    def __bool__(self) -> bool:
        return bool(self.last or self.late)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, Attempt])


class Attempts:
    """The attempts in Redis."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:attempts"
        self._late = f"{namespace}:late_attempts"

    async def of(self, identity: str) -> OpenAttempts:
        """What earlier runs were about to write and did not end."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hget(self._name, identity)
            pipeline.hget(self._late, identity)
            last, late = await pipeline.execute()
        return OpenAttempts(
            last={} if last is None else _decoder.decode(last),
            late={} if late is None else _decoder.decode(late),
        )

    async def note_late(self, identity: str, attempts: Mapping[str, Attempt]) -> None:
        """A run that has lost its lease may have written what it was about to write."""
        if attempts:
            await reply(self._redis.hset(self._late, mapping={identity: _encoder.encode(attempts)}))

    async def begin(self, identity: str, attempts: Mapping[str, Attempt]) -> None:
        """Keep what is about to be written; raises Busy when a failover could lose it."""
        if attempts:
            kept = {identity: _encoder.encode(attempts)}
            await replication.write(self._redis, lambda pipe: pipe.hset(self._name, mapping=kept))

    async def end(self, identity: str, read: OpenAttempts) -> None:
        """What was written is agreed on; what a run without a lease wrote as well, where it was `read`."""
        await reply(self._redis.hdel(self._name, identity))
        if read.late:
            await reply(self._redis.hdel(self._late, identity))
