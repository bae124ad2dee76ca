"""Amounts that ConnectWise stored differently from what the daemon sent, so that its rounding does not count as a user's change.

{namespace}:accepted:{parent}    hash, product item id -> quantity, price and cost; expires half a year after the last write
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from cwbridge.redis import Redis, reply

_KEPT_SECONDS = 180 * 86400


class Amounts(msgspec.Struct, frozen=True, array_like=True):
    """What a product item holds."""

    quantity: Decimal | None
    price: Decimal | None
    cost: Decimal | None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Amounts)


class AcceptedAmounts:
    """The amounts in Redis; losing them costs one more write of each rounded line where drift is repaired."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:accepted:"

    async def of(self, parent: str) -> dict[int, Amounts]:
        """Product item id -> the amounts stored, of the items of `parent`."""
        stored = await reply(self._redis.hgetall(self._prefix + parent))
        return {int(line_id): _decoder.decode(amounts) for line_id, amounts in stored.items()}

    async def replace(self, parent: str, amounts: Mapping[int, Amounts]) -> None:
        """Store exactly these amounts for `parent`."""
        name = self._prefix + parent
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(name)
            if amounts:
                mapping = {str(line_id): _encoder.encode(stored) for line_id, stored in amounts.items()}
                pipe.hset(name, mapping=mapping)
                pipe.expire(name, _KEPT_SECONDS)
            await pipe.execute()
