"""Connections to Redis that survive a restart of the server, and a check of the server's durability."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import msgspec
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from cwbridge import errors, sentinel, sentinel_url
from cwbridge.redis_connections import Cancellable

Redis = redis.asyncio.Redis

# A restart of Redis takes a second or two: eleven tries between 50 ms and 2 s span about 15 s before the caller gets the error.
_RETRIES = 11
_CHECK_SECONDS = 10
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


def connect(url: str, *, connections: int = 64, patient: bool = True, kind: type[Redis] = Redis) -> Redis:
    """A client of the class `kind` whose pool waits for a free connection and, when `patient`, repeats commands during a restart of the server.

    An address of sentinels (cwbridge.sentinel_url) leads to the primary that they name, whichever server that is at the moment.
    Raises ValueError for an address that cannot be used, UnusableAddress with the remedy where one is known.
    """
    given: dict[str, Any] = {
        "max_connections": connections,
        "timeout": 20,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "health_check_interval": 30,
        "retry": Retry(ExponentialBackoff(cap=2, base=0.05), _RETRIES if patient else 1),
        "retry_on_error": _CONNECTION_ERRORS,
    }
    if not url.startswith("unix:"):
        given["socket_keepalive"] = True
    if sentinel_url.is_sentinel(url):
        return kind.from_pool(sentinel.PrimaryPool(sentinel_url.parse(url), **given))
    pool = redis.asyncio.BlockingConnectionPool.from_url(url, **given)
    pool.connection_class = type("Connection", (Cancellable, pool.connection_class), {})
    return kind.from_pool(pool)


async def check(client: Redis, *, name: str) -> Durability:
    """Ping the server and read its durability; raises StoreUnavailable that names the setting `name`.

    Raises SettingsError for a server in cluster mode.
    """
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await client.ping()
    except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
        raise errors.StoreUnavailable(
            f"Redis named by {name} cannot be used: {await _why(client, error)}",
            remedy=f"Check {name} and that the server is running, reachable and accepts the credentials.",
        ) from error
    await _refuse_cluster(client, name=name)
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


async def _why(client: Redis, error: Exception) -> str:
    """The kind of the error; of Sentinel what keeps it from naming a primary."""
    primary = sentinel.primary_of(client)
    if primary is not None:
        try:
            named = await primary.find()
        except (redis.exceptions.RedisError, OSError) as silence:
            return str(silence)
        return f"{named.address}, which the sentinels name: {type(error).__name__}"
    return type(error).__name__


async def _refuse_cluster(client: Redis, *, name: str) -> None:
    """Scripts name Redis keys that a cluster keeps on different servers."""
    try:
        enabled = (await client.info("cluster")).get("cluster_enabled", 0)
    except redis.exceptions.ResponseError:
        return
    if enabled:
        raise errors.SettingsError(
            f"Redis named by {name} runs in cluster mode, which is not supported",
            remedy=f"Use one Redis server (redis://host:6379/0), or several with Sentinel ({sentinel_url.FORM}).",
        )


async def reply(command: Awaitable[Any] | Any) -> Any:
    """The answer of a hash or list command, which redis-py 5 annotates for its synchronous client as well."""
    return await command
