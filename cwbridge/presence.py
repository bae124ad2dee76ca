"""Which processes are at work: each notes itself every ten seconds, for the status, the metrics and the doctor.

{namespace}:present    hash, id of a process -> Presence as JSON
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec
from redis.exceptions import RedisError

from cwbridge import __version__, clock, concurrency
from cwbridge.redis import Redis, reply

_BEAT_SECONDS = 10.0
_ABSENT_AFTER_MS = 30_000
_FORGOTTEN_AFTER_MS = 3_600_000


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the daemon; `slots` is 0 without a worker in it, `services` names what runs in it."""

    id: str
    services: tuple[str, ...]
    flows: tuple[str, ...]
    slots: int
    version: str
    host: str
    pid: int
    since_ms: int
    seen_ms: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Presence)


async def present(redis: Redis, namespace: str) -> list[Presence]:
    """The processes seen in the last half minute, the oldest first; those not seen for an hour are forgotten."""
    stored = await reply(redis.hgetall(_name(namespace)))
    known = [_decoder.decode(one) for one in stored.values()]
    now = clock.now_ms()
    gone = [one.id for one in known if now - one.seen_ms > _FORGOTTEN_AFTER_MS]
    if gone:
        await reply(redis.hdel(_name(namespace), *gone))
    return sorted(
        (one for one in known if now - one.seen_ms <= _ABSENT_AFTER_MS),
        key=lambda one: (one.since_ms, one.id),
    )


def by_service(processes: Sequence[Presence]) -> Counter[str]:
    """How many of the processes run each service."""
    return Counter(service for one in processes for service in one.services)


def told(processes: Sequence[Presence]) -> str:
    """How many of the processes run each service, in words: `1 producers, 2 worker`."""
    return ", ".join(f"{count} {service}" for service, count in sorted(by_service(processes).items()))


@contextlib.asynccontextmanager
async def noted(
    redis: Redis, namespace: str, *, services: Sequence[str], flows: Sequence[str], slots: int
) -> AsyncIterator[None]:
    """Be present while the body runs; an outage of Redis only hides this process."""
    own = Presence(
        id=uuid.uuid4().hex[:12],
        services=tuple(services),
        flows=tuple(flows),
        slots=slots,
        version=__version__,
        host=socket.gethostname(),
        pid=os.getpid(),
        since_ms=clock.now_ms(),
        seen_ms=0,
    )
    beating = asyncio.create_task(_beat(redis, _name(namespace), own), name="presence")
    try:
        yield
    finally:
        await concurrency.end(beating)
        with contextlib.suppress(RedisError, OSError):
            await reply(redis.hdel(_name(namespace), own.id))


async def _beat(client: Redis, name: str, own: Presence) -> None:
    while True:
        with contextlib.suppress(RedisError, OSError):
            seen = msgspec.structs.replace(own, seen_ms=clock.now_ms())
            await reply(client.hset(name, own.id, _encoder.encode(seen).decode()))
        await asyncio.sleep(_BEAT_SECONDS)


def _name(namespace: str) -> str:
    return f"{namespace}:present"
