"""Links between source and target: which record of the target belongs to which object, and how it was found.

The Redis keys are catalogued in links.lua. The flow names the kind of a link (`opportunity`, `company`); its identity is a key, or
names its source and kind (`jetbuilt:client:8801`), so that equal numbers of two sources never meet. A lost link is found again by
its external id or by matching; it is never the only thing that prevents a second create.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Literal

import msgspec
from redis.asyncio.client import Pipeline

from cwbridge import clock, lua, replication
from cwbridge.redis import Redis, reply

How = Literal["external_id", "name", "email", "content", "default", "created", "person"]
_BATCH = 500


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The target's id, how it was matched, and the content it last held (`fingerprint`, empty: unknown).

    `state` is the state of the source that was written: project id and its time of change.
    `begun` is the content that a run began to write and did not finish, so that what the target holds is unknown.
    `finished` says why the source has ended; such a target is written to again only when the source comes back.
    `parent` is the record of which the target is a part, for targets that are read through it; 0 for others.
    """

    target: int
    how: How
    fingerprint: str = ""
    finished: str = ""
    state: str = ""
    begun: str = ""
    parent: int = 0
    at_ms: int = msgspec.field(default_factory=clock.now_ms)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Link)


class Links:
    """The ledger of links in Redis, with a reverse index from target to identities."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._namespace = namespace
        self._put, self._remove, self._move = (
            lua.script(redis, "cwbridge.ledger", "links", name) for name in ("put", "remove", "move")
        )

    async def get(self, kind: str, identity: str) -> Link | None:
        """The link of `identity`, or None."""
        stored = await reply(self._redis.hget(self._links(kind), identity))
        return None if stored is None else _decoder.decode(stored)

    async def of_identities(self, kind: str, identities: Sequence[str]) -> dict[str, Link]:
        """The links of those of `identities` that have one."""
        if not identities:
            return {}
        stored = await reply(self._redis.hmget(self._links(kind), list(identities)))
        return {
            identity: _decoder.decode(link)
            for identity, link in zip(identities, stored, strict=True)
            if link is not None
        }

    async def put(self, kind: str, identity: str, link: Link) -> None:
        """Store `link` as the link of `identity`."""
        await self._put(self._keys(kind), _arguments(identity, link))

    async def begin(self, kind: str, identity: str, link: Link, fingerprint: str) -> None:
        """Record that a run is about to write this content; raises Busy when a failover could lose the record."""
        if link.begun != fingerprint:
            begun = msgspec.structs.replace(link, begun=fingerprint)
            await replication.call(self._redis, self._put, self._keys(kind), _arguments(identity, begun))

    async def remove(self, kind: str, identity: str) -> bool:
        """Remove the link of `identity`; True when there was one."""
        return bool(await self._remove(self._keys(kind), [identity]))

    async def move(self, pipe: Pipeline, kind: str, old: str, new: str, link: Link) -> None:
        """Queue on `pipe` that `new` gets the link of `old`; its content counts as unknown, so that the next run writes it."""
        moved = msgspec.structs.replace(link, fingerprint="", begun="", finished="")
        await self._move(self._keys(kind), [old, new, str(moved.target), _encoder.encode(moved)], client=pipe)

    async def of_targets(self, kind: str, targets: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """The identities that are linked to each of `targets`; targets without a link are left out."""
        asked = [str(target) for target in targets]
        if not asked:
            return {}
        stored = await reply(self._redis.hmget(self._linked(kind), asked))
        return {
            int(target): tuple(identities.decode().split("\n"))
            for target, identities in zip(asked, stored, strict=True)
            if identities is not None
        }

    async def each(self, kind: str) -> AsyncIterator[tuple[str, Link]]:
        """Every link of a kind, some hundred at a time; one that changes meanwhile may come twice or not at all."""
        async for identity, stored in self._redis.hscan_iter(self._links(kind), count=_BATCH):
            yield identity.decode(), _decoder.decode(stored)

    async def all(self, kind: str) -> dict[str, Link]:
        """Every link of a kind at one moment; for commands of a person, never for a poll."""
        stored = await reply(self._redis.hgetall(self._links(kind)))
        return {identity.decode(): _decoder.decode(link) for identity, link in stored.items()}

    async def count(self, kind: str) -> int:
        return int(await reply(self._redis.hlen(self._links(kind))))

    async def ended(self, kind: str) -> int:
        """How many links of a kind are `finished`."""
        return int(await reply(self._redis.scard(self._ended(kind))))

    def _links(self, kind: str) -> str:
        return f"{self._namespace}:links:{kind}"

    def _linked(self, kind: str) -> str:
        return f"{self._namespace}:linked:{kind}"

    def _ended(self, kind: str) -> str:
        return f"{self._namespace}:ended:{kind}"

    def _keys(self, kind: str) -> list[str]:
        return [self._links(kind), self._linked(kind), self._ended(kind)]


def _arguments(identity: str, link: Link) -> list[str | int | bytes]:
    return [identity, str(link.target), _encoder.encode(link)]
