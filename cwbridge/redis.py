"""Connections to Redis that survive a restart of the server, and a check of the server's durability."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import msgspec
import redis.asyncio
import redis.exceptions
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from cwbridge import errors

Redis = redis.asyncio.Redis

# A restart of Redis takes a second or two: eleven tries between 50 ms and 2 s span about 15 s before the caller gets the error.
_RETRIES = 11
_CONNECTION_ERRORS: list[type[Exception]] = [
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.BusyLoadingError,
]


class Durability(msgspec.Struct, frozen=True):
    """Whether the server keeps data: `policy` says what it does when memory is full, `persists` whether data survives a restart."""

    policy: str
    persists: bool

    @property
    def warnings(self) -> list[str]:
        """One sentence with its remedy for each property that could lose queued work."""
        found = []
        if self.policy not in {"noeviction", "unknown"}:
            found.append(
                f"Redis evicts keys when memory is full (maxmemory-policy {self.policy}): set it to noeviction."
            )
        if not self.persists:
            found.append(
                "Redis keeps nothing across a restart: set appendonly yes (the next full sync enqueues lost jobs again)."
            )
        return found


class _Cancellable(AbstractConnection):
    """A connection whose sends can always be cancelled.

    redis-py sends through asyncio.wait_for, which on Python 3.11 swallows a cancellation that comes at the moment of
    completion (python/cpython issue 86296): code that cancels such a task would wait forever for its end.
    """

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        if not self.is_connected:
            await self.connect()  # type: ignore[no-untyped-call]
        elif check_health:
            await self.check_health()  # type: ignore[no-untyped-call]
        longest, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(longest):
                await super().send_packed_command(command, check_health=False)
        except TimeoutError:
            raise redis.exceptions.TimeoutError("Timeout writing to socket") from None
        finally:
            self.socket_timeout = longest


def connect(url: str, *, connections: int = 64, patient: bool = True, kind: type[Redis] = Redis) -> Redis:
    """A client of the class `kind` whose pool waits for a free connection and, when `patient`, repeats commands during a restart of the server."""
    over_tcp = {} if url.startswith("unix:") else {"socket_keepalive": True}
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=20,
        socket_timeout=10,
        socket_connect_timeout=5,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=2, base=0.05), _RETRIES if patient else 1),
        retry_on_error=_CONNECTION_ERRORS,
        **over_tcp,
    )
    pool.connection_class = type("Connection", (_Cancellable, pool.connection_class), {})
    return kind.from_pool(pool)


async def check(client: Redis, *, name: str) -> Durability:
    """Ping the server and read its durability; raises StoreUnavailable that names the setting `name`."""
    try:
        async with asyncio.timeout(10):
            await client.ping()
    except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
        raise errors.StoreUnavailable(
            f"Redis named by {name} cannot be used: {type(error).__name__}",
            remedy=f"Check {name} and that the server is running, reachable and accepts the credentials.",
        ) from error
    return await durability(client)


async def durability(client: Redis) -> Durability:
    """How well the server keeps data, as far as it tells."""
    try:
        policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy", "unknown")
        appends = (await client.config_get("appendonly")).get("appendonly", "no") == "yes"
        saves = bool((await client.config_get("save")).get("save", ""))
    except redis.exceptions.ResponseError:
        # Hosted Redis often forbids CONFIG; then the durability is unknown and no warning is given.
        return Durability("unknown", persists=True)
    return Durability(policy, appends or saves)


async def reply(command: Awaitable[Any] | Any) -> Any:
    """The answer of a hash or list command, which redis-py 5 annotates for its synchronous client as well."""
    return await command
