"""Asks the sentinels which server is the primary of a service."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import redis.asyncio
import redis.exceptions
from redis.asyncio.connection import Connection, SSLConnection

from cwbridge.redis_connections import Cancellable
from cwbridge.sentinel_url import SentinelAddress

_ASK_SECONDS = 1.0


class NoPrimary(redis.exceptions.ConnectionError):
    """No sentinel names a primary now; another question may help."""


class SentinelsRefuse(redis.exceptions.RedisError):
    """The sentinels do not know the service or refuse the credentials; no repetition helps."""


class Named(msgspec.Struct, frozen=True):
    """The primary as sentinels name it; `epoch` grows with every failover."""

    host: str
    port: int
    epoch: int

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


class _Plain(Cancellable, Connection):
    pass


class _Secured(Cancellable, SSLConnection):
    pass


class Sentinels:
    """The sentinels of one address, each with a connection of its own that stays open between questions."""

    def __init__(self, address: SentinelAddress) -> None:
        self._address = address
        self._clients = [_client(address, host, port) for host, port in address.sentinels]

    async def primary(self, *, not_before: int = 0) -> Named:
        """The primary of the newest failover that the sentinels know; raises NoPrimary or SentinelsRefuse.

        All are asked at once, and the answers of more than half are enough, so that one that hangs costs no time. When none of
        these knows the failover `not_before`, the others are waited for: they may.
        """
        asking = {asyncio.ensure_future(self._ask(client)) for client in self._clients}
        named: list[Named] = []
        failures: list[Exception] = []
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                while asking and not self._enough(named, not_before):
                    done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
                    for answer in done:
                        failure = answer.exception()
                        if failure is None:
                            named.append(answer.result())
                        elif isinstance(failure, Exception):
                            failures.append(failure)
        except TimeoutError:
            failures.append(TimeoutError("no answer in time"))
        finally:
            for answer in asking:
                answer.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        if not named:
            raise self._failure(failures)
        return max(named, key=lambda one: one.epoch)

    async def close(self) -> None:
        """Close the connections; a later question opens them again."""
        for client in self._clients:
            await client.aclose()

    def _enough(self, named: list[Named], not_before: int) -> bool:
        return len(named) >= self._address.majority and any(one.epoch >= not_before for one in named)

    async def _ask(self, client: redis.asyncio.Redis) -> Named:
        """What one sentinel says.

        The sentinel that leads a failover has the new epoch in its state while the address there is still that of the former
        primary; its answer to the question for the address is right.
        """
        async with client.pipeline(transaction=False) as pipe:
            pipe.execute_command("SENTINEL MASTER", self._address.service)
            pipe.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", self._address.service)
            state, (host, port) = await pipe.execute()
        return Named(host=host, port=int(port), epoch=int(state["config-epoch"]))

    def _failure(self, failures: list[Exception]) -> redis.exceptions.RedisError:
        """What keeps the sentinels from naming a primary, for an operator."""
        if any("No such master" in str(failure) for failure in failures):
            return SentinelsRefuse(f"the sentinels do not know the service {self._address.service!r}")
        if any(_is_refusal(failure) for failure in failures):
            return SentinelsRefuse(
                "the sentinels refuse the credentials (sentinel_username, sentinel_password)"
            )
        return NoPrimary(f"none of {len(self._clients)} sentinels answers")


def _is_refusal(failure: Exception) -> bool:
    kinds = redis.exceptions.AuthenticationError | redis.exceptions.NoPermissionError
    return isinstance(failure, kinds) or "NOAUTH" in str(failure)


def _client(address: SentinelAddress, host: str, port: int) -> redis.asyncio.Redis:
    tls_files: dict[str, Any] = address.tls_files
    pool = redis.asyncio.ConnectionPool(
        connection_class=_Secured if address.tls else _Plain,
        host=host,
        port=port,
        username=address.sentinel.username,
        password=address.sentinel.password,
        socket_timeout=_ASK_SECONDS,
        socket_connect_timeout=_ASK_SECONDS,
        socket_keepalive=True,
        decode_responses=True,
        **tls_files,
    )
    return redis.asyncio.Redis.from_pool(pool)
