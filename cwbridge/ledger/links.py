"""Links between source and target: which record of ConnectWise belongs to which object, and how it was found.

    {namespace}:links:{kind}     hash, source identity -> Link as JSON

Kinds: opportunity (field: the key), company (Jetbuilt client id), contact (Jetbuilt contact id @
company id), site (name @ company id). A lost link is
found again by its mark or by matching; it is never the only thing that prevents a second create.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from redis.asyncio.client import Pipeline

from cwbridge import clock
from cwbridge.redis import Redis, reply

Kind = Literal["opportunity", "company", "contact", "site"]
How = Literal["external_id", "name", "email", "default", "created", "person"]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The target's id, how it was matched, and the content it last held (`fingerprint`, empty: unknown).

    `state` is the state of the source that was written: project id and its time of change.
    `begun` is the content that a run began to write and did not end, so that what the target holds is unknown.
    `finished` says why the source is no more; such a target is written to again only when the source comes back.
    """

    target: int
    how: How
    fingerprint: str = ""
    finished: str = ""
    state: str = ""
    begun: str = ""
    at_ms: int = msgspec.field(default_factory=clock.now_ms)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Link)


class Links:
    """The ledger of links in Redis."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:links:"

    async def get(self, kind: Kind, source: str) -> Link | None:
        """The link of `source`, or None."""
        stored = await reply(self._redis.hget(self._prefix + kind, source))
        return None if stored is None else _decoder.decode(stored)

    async def put(self, kind: Kind, source: str, link: Link) -> None:
        """Keep `link` as the one of `source`."""
        await reply(self._redis.hset(self._prefix + kind, source, _encoder.encode(link).decode()))

    async def begin(self, kind: Kind, source: str, link: Link, fingerprint: str) -> None:
        """Keep that a run is about to write this content."""
        if link.begun != fingerprint:
            await self.put(kind, source, msgspec.structs.replace(link, begun=fingerprint))

    async def remove(self, kind: Kind, source: str) -> bool:
        """Forget the link of `source`; True when there was one."""
        return bool(await reply(self._redis.hdel(self._prefix + kind, source)))

    def move(self, pipe: Pipeline, kind: Kind, old: str, new: str, link: Link) -> None:
        """Queue on `pipe` that `new` has the link of `old`; its content is unknown, so that it is written anew."""
        anew = msgspec.structs.replace(link, fingerprint="", begun="", finished="")
        pipe.hset(self._prefix + kind, new, _encoder.encode(anew).decode())
        pipe.hdel(self._prefix + kind, old)

    async def all(self, kind: Kind) -> dict[str, Link]:
        """Every link of a kind."""
        stored = await reply(self._redis.hgetall(self._prefix + kind))
        return {source.decode(): _decoder.decode(link) for source, link in stored.items()}

    async def count(self, kind: Kind) -> int:
        return int(await reply(self._redis.hlen(self._prefix + kind)))
