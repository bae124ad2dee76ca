"""Creates under way, so that a record whose create got no answer, or whose creator died, is known again as made for its object.

{namespace}:creating    hash, identity of the object that a record is made for -> what was sent as JSON: field -> [own value, value sent]
{namespace}:created     hash, the same identity -> id of the record, once it is known

The note stays until the record is linked and what both sides agree on is kept: another user may edit either side before that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from cwbridge import replication
from cwbridge.redis import Redis, reply


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """A field of a create: what the object held, and what was sent for it."""

    own: str
    sent: str


SentFields = dict[str, Sent]
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SentFields)


class Creates:
    """The creates in Redis that are not known to be complete."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:creating"
        self._made = f"{namespace}:created"

    async def begin(self, identity: str, sent: Mapping[str, Sent]) -> None:
        """A record is about to be created for `identity`; raises Busy when a failover could lose the note."""
        note = {identity: _encoder.encode(sent)}
        await replication.write(self._redis, lambda pipe: pipe.hset(self._name, mapping=note))

    async def answered(self, identity: str, made: int) -> None:
        """The record that an open create has made is known, though not linked yet."""
        await reply(self._redis.hset(self._made, identity, str(made)))

    async def end(self, *identities: str) -> None:
        """The create is complete: the record is linked, or it was refused and does not exist."""
        if identities:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hdel(self._name, *identities)
                pipeline.hdel(self._made, *identities)
                await pipeline.execute()

    async def of(self, identity: str) -> SentFields | None:
        """What was sent for `identity`; None when no create for it is open."""
        return (await self.among([identity])).get(identity)

    async def among(self, identities: Sequence[str]) -> dict[str, SentFields]:
        """What was sent for each of `identities` that has an open create."""
        if not identities:
            return {}
        stored = await reply(self._redis.hmget(self._name, list(identities)))
        found = zip(identities, stored, strict=True)
        return {identity: _decoder.decode(sent) for identity, sent in found if sent is not None}

    async def all(self) -> dict[str, SentFields]:
        """Every open create by identity: a few at most, those of runs that go on or were broken off."""
        stored = await reply(self._redis.hgetall(self._name))
        return {identity.decode(): _decoder.decode(sent) for identity, sent in stored.items()}

    async def made(self) -> dict[str, int]:
        """The record of every open create whose record is known, by identity."""
        stored = await reply(self._redis.hgetall(self._made))
        return {identity.decode(): int(made) for identity, made in stored.items()}
