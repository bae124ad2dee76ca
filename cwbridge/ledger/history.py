"""What happened to each object: the last events, newest first.

{namespace}:history:{key}    list of Event as JSON, at most 30, expires half a year after the last
{namespace}:last_calls:{key} the last calls of the newest run that did something, as JSON, expires after a week
{namespace}:recent_runs      list of RecentRun as JSON, at most 50: the last events of all objects
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from cwbridge import clock
from cwbridge.redis import Redis, reply
from cwbridge.text import clip

_MAX_EVENTS = 30
_KEPT_SECONDS = 180 * 86400
_CALLS_KEPT_SECONDS = 7 * 86400
_MAX_RECENT = 50
_LONGEST_RECENT_CAUSE = 300


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event: `what` is a verb in the past tense, `cause` the reason, the rest figures.

    `leads_to` is the key whose job goes on with the object. `counts` are numbers of what was done (`created`, `deleted`, `kept` lines), `amounts` are sums of money as text.
    """

    what: str
    at_ms: int = msgspec.field(default_factory=clock.now_ms)
    target: int | None = None
    cause: str = ""
    remedy: str = ""
    counts: dict[str, int] = {}
    amounts: dict[str, str] = {}
    calls: int = 0
    seconds: float = 0.0
    leads_to: str = ""
    matches: tuple[str, ...] = ()
    discrepancies: tuple[str, ...] = ()
    last_calls: tuple[str, ...] = ()


class RecentRun(msgspec.Struct, frozen=True):
    """An event with the key of its object, for people who look at the daemon as a whole; the event has no lists."""

    key: str
    event: Event

    @classmethod
    def of(cls, key: str, event: Event) -> RecentRun:
        """The cause is shortened: an error of a large record may be long, and every page shows fifty of them."""
        cause = clip(event.cause, _LONGEST_RECENT_CAUSE)
        short = msgspec.structs.replace(event, cause=cause, matches=(), discrepancies=(), last_calls=())
        return cls(key, short)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)
_recent_decoder = msgspec.json.Decoder(RecentRun)


class History:
    """The event lists in Redis."""

    def __init__(
        self, redis: Redis, *, namespace: str, on_event: Callable[[str, Event], None] | None = None
    ) -> None:
        """`on_event` is called with every event of this process, for live progress."""
        self._redis = redis
        self._on_event = on_event
        self._prefix = f"{namespace}:history:"
        self._calls = f"{namespace}:last_calls:"
        self._recent = f"{namespace}:recent_runs"

    async def add(self, key: str, event: Event, *, calls: Sequence[str] = ()) -> None:
        """Put `event` on top of the history of `key`, and keep the calls that it comes from in place of those kept before."""
        name = self._prefix + key
        if event.what == "checked" or event.what.startswith("wait"):
            await self._drop_same(name, event)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.lpush(name, _encoder.encode(event))
            pipe.ltrim(name, 0, _MAX_EVENTS - 1)
            pipe.expire(name, _KEPT_SECONDS)
            pipe.lpush(self._recent, _encoder.encode(RecentRun.of(key, event)))
            pipe.ltrim(self._recent, 0, _MAX_RECENT - 1)
            if calls:
                pipe.set(self._calls + key, msgspec.json.encode(calls), ex=_CALLS_KEPT_SECONDS)
            await pipe.execute()
        if self._on_event is not None:
            self._on_event(key, event)

    async def _drop_same(self, name: str, event: Event) -> None:
        """Keep only the last of many checks or waits in a row, so that they do not push out other events."""
        newest = await reply(self._redis.lindex(name, 0))
        if newest is not None and _decoder.decode(newest).what == event.what:
            await reply(self._redis.lpop(name))

    async def of(self, key: str) -> list[Event]:
        """The events of `key`, newest first."""
        return [
            _decoder.decode(stored) for stored in await reply(self._redis.lrange(self._prefix + key, 0, -1))
        ]

    async def last_calls(self, key: str) -> tuple[str, ...]:
        """The last calls of the newest run of `key` that did something."""
        stored = await self._redis.get(self._calls + key)
        return () if stored is None else msgspec.json.decode(stored, type=tuple[str, ...])

    async def recent(self, limit: int = _MAX_RECENT) -> list[RecentRun]:
        """The last events of all objects, newest first."""
        stored = await reply(self._redis.lrange(self._recent, 0, limit - 1))
        return [_recent_decoder.decode(one) for one in stored]
