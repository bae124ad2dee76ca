"""Receives messages that end a sleep: a key becomes due, a slot of a limiter becomes free.

The scripts of the queue publish the moment on {namespace}:wake, those of the limiters 0. A message is a hint: one that is lost
while the connection is away costs the sleeper its longest sleep, never work.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import redis.exceptions

from cwbridge.redis import Redis

_LISTEN_SECONDS = 60.0
_RECONNECT_SECONDS = 1.0

OnMoment = Callable[[int], None]
"""Called with the ms, by the clock of Redis, at which to wake; 0 for now and when messages may have been lost."""


async def listen(client: Redis, channel: str, on_moment: OnMoment) -> None:
    """Pass on the moments published on `channel` until cancelled, over every outage of Redis."""
    while True:
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            await _listen(client, channel, on_moment)
        await asyncio.sleep(_RECONNECT_SECONDS)


async def _listen(client: Redis, channel: str, on_moment: OnMoment) -> None:
    subscription = client.pubsub()
    try:
        await subscription.subscribe(channel)
        while True:
            message = await subscription.get_message(timeout=_LISTEN_SECONDS)
            if message is not None:
                on_moment(_moment(message))
    finally:
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            await subscription.aclose()  # type: ignore[no-untyped-call]


def _moment(message: dict[str, Any]) -> int:
    """The moment of a message; 0 for the confirmation of a subscription, before which messages were lost."""
    return int(message["data"]) if message["type"] == "message" else 0
