"""Differences in money between an object and its record that were found and not settled.

{namespace}:money_discrepancies    hash, key of the object + "|" + kind -> MoneyDiscrepancy as JSON
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from cwbridge import clock
from cwbridge.redis import Redis, reply

_ISO_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
Kind = Literal["subtotal", "tax", "amount"]
KINDS: tuple[Kind, ...] = ("subtotal", "tax", "amount")
"""The amount is that of a payment."""


class MoneyDiscrepancy(msgspec.Struct, frozen=True, kw_only=True):
    """What the source and the target say, in `currency`: an ISO code, empty when the source names none or another text."""

    currency: str
    source: Decimal
    target: Decimal
    since_ms: int = msgspec.field(default_factory=clock.now_ms)
    """When it was first found."""

    def __post_init__(self) -> None:
        """A currency is a label of metrics, so text that another system made up must not become one."""
        code = self.currency.strip().upper()
        msgspec.structs.force_setattr(self, "currency", code if _ISO_CODE.fullmatch(code) else "")

    @property
    def difference(self) -> Decimal:
        """What the target has more."""
        return self.target - self.source


class Found(msgspec.Struct, frozen=True):
    """A discrepancy of the object of `key`."""

    key: str
    kind: Kind
    discrepancy: MoneyDiscrepancy


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """The discrepancies of one kind and currency: how many, and the sum of their amounts without sign."""

    kind: Kind
    currency: str
    count: int
    amount: Decimal


_BATCH = 1_000
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(MoneyDiscrepancy)


class MoneyDiscrepancies:
    """The differences in Redis; losing them costs the report until the next full sync.

    `on_found` is called with the kind of each difference that was not known before.
    """

    def __init__(
        self, redis: Redis, *, namespace: str, on_found: Callable[[Kind], None] = lambda _: None
    ) -> None:
        self._redis = redis
        self._on_found = on_found
        self._name = f"{namespace}:money_discrepancies"

    async def keep(self, key: str, found: Mapping[Kind, MoneyDiscrepancy]) -> None:
        """Keep exactly these for the object; one that is known keeps the time at which it was first found."""
        names = [_field(key, kind) for kind in KINDS]
        stored = await reply(self._redis.hmget(self._name, names))
        known = {
            kind: _decoder.decode(one) for kind, one in zip(KINDS, stored, strict=True) if one is not None
        }
        now = {
            kind: msgspec.structs.replace(one, since_ms=known[kind].since_ms) if kind in known else one
            for kind, one in found.items()
        }
        if now == known:
            return
        for kind in now.keys() - known.keys():
            self._on_found(kind)
        async with self._redis.pipeline(transaction=True) as pipe:
            if now:
                pipe.hset(
                    self._name,
                    mapping={_field(key, kind): _encoder.encode(one) for kind, one in now.items()},
                )
            gone = [_field(key, kind) for kind in known if kind not in now]
            if gone:
                pipe.hdel(self._name, *gone)
            await pipe.execute()

    async def count(self) -> int:
        """How many differences there are."""
        return int(await reply(self._redis.hlen(self._name)))

    async def all(self, *, limit: int | None = None) -> list[Found]:
        """Every difference, or any `limit` of them; the greatest first."""
        stored = await (reply(self._redis.hgetall(self._name)) if limit is None else self._some(limit))
        found = [_found(name.decode(), _decoder.decode(one)) for name, one in stored.items()]
        return sorted(found, key=lambda one: (-abs(one.discrepancy.difference), one.key, one.kind))

    async def _some(self, limit: int) -> dict[bytes, bytes]:
        some: dict[bytes, bytes] = {}
        # A field may come twice while the hash grows.
        async for name, one in self._redis.hscan_iter(self._name, count=_BATCH):
            if len(some) >= limit:
                break
            some[name] = one
        return some


def sums(found: Iterable[Found]) -> list[Sum]:
    """One sum for each kind and currency, by these."""
    amounts: dict[tuple[Kind, str], list[Decimal]] = {}
    for one in found:
        amounts.setdefault((one.kind, one.discrepancy.currency), []).append(abs(one.discrepancy.difference))
    return [
        Sum(kind=kind, currency=currency, count=len(each), amount=sum(each, Decimal(0)))
        for (kind, currency), each in sorted(amounts.items())
    ]


def _field(key: str, kind: Kind) -> str:
    return f"{key}|{kind}"


def _found(name: str, discrepancy: MoneyDiscrepancy) -> Found:
    key, _, kind = name.rpartition("|")
    return Found(key, kind, discrepancy)  # type: ignore[arg-type]  # what `keep` has written
