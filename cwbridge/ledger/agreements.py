"""What both sides of a link last agreed on, field by field.

{namespace}:agreed    hash, link identity -> the agreed values as JSON: field -> [value in the source, value in the target]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from cwbridge.redis import Redis, reply


class Agreed(msgspec.Struct, frozen=True, array_like=True):
    """The values that a field had on both sides when they agreed, each in the form of its side."""

    source: str
    target: str


_SENT = "sent:"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, Agreed])


class Agreements:
    """The agreed values in Redis; without them both sides are merged as at their first link."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:agreed"

    async def of(self, identity: str) -> dict[str, Agreed]:
        """The agreed values by field; empty when nothing was agreed on yet."""
        stored = await reply(self._redis.hget(self._name, identity))
        return {} if stored is None else _decoder.decode(stored)

    async def put(self, identity: str, values: Mapping[str, Agreed]) -> None:
        """Keep `values` as what both sides agree on."""
        await reply(self._redis.hset(self._name, mapping={identity: _encoder.encode(values)}))

    async def forget(self, identity: str) -> None:
        """Merge the pair as at its first link next time: its link leads to another record."""
        await reply(self._redis.hdel(self._name, identity))


class Keeper:
    """Keeps the agreed values of one pair while a run works on it; it writes them only when they differ from what is kept."""

    def __init__(self, agreements: Agreements, identity: str, kept: Mapping[str, Agreed]) -> None:
        self._agreements = agreements
        self._identity = identity
        self._kept = kept

    def recovered(self, held: Callable[[str], str]) -> dict[str, Agreed]:
        """The agreed values after a run that may have been broken off: what the target holds of the sent values was agreed on.

        Without it a value that the source has taken back since would look like one that both sides agreed on before.
        """
        settled = {name: value for name, value in self._kept.items() if not name.startswith(_SENT)}
        sent = {
            name.removeprefix(_SENT): value for name, value in self._kept.items() if name.startswith(_SENT)
        }
        return settled | {name: value for name, value in sent.items() if held(name) == value.target}

    async def keep_sent(self, agreed: Mapping[str, Agreed], sent: Mapping[str, Agreed]) -> None:
        """Keep beside the agreed values those that a write is about to send, for `recovered` of a later run."""
        await self.keep({**agreed, **{f"{_SENT}{name}": value for name, value in sent.items()}})

    async def keep(self, values: Mapping[str, Agreed]) -> None:
        """Keep `values` as what both sides agree on now."""
        if values != self._kept:
            self._kept = dict(values)
            await self._agreements.put(self._identity, values)
