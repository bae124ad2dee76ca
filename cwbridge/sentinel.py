"""Connections to the primary that the sentinels name, and to no other server.

Every connection asks the sentinels before it is made and checks that the server is a primary. While connections are open the
sentinels are asked once a second. When they name another primary, all connections to the former one are closed at once, also
those that wait for an answer: a primary that was only paused goes on to answer when it wakes up, and its answers are lost writes.
So all answers that this process takes after the change come from the new primary.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from weakref import WeakSet

import redis.asyncio
import redis.exceptions
import structlog
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from cwbridge import sentinel_url
from cwbridge.redis_connections import Cancellable
from cwbridge.sentinels import Named, Sentinels

log = structlog.get_logger(__name__)

_WATCH_SECONDS = 1.0
# A server whose machine is gone answers nothing at all, not even with a refusal.
_HANDSHAKE_SECONDS = 2.0


class PrimaryChanged(redis.exceptions.ConnectionError):
    """The answer came, or would have come, from a server that is not the primary any more; the command is repeated on the primary."""


class NotWritable(redis.exceptions.ConnectionError):
    """The server takes no writes: it is a replica, or has fewer replicas than it demands (min-replicas-to-write)."""


class Primary:
    """The primary as this process knows it. `term` grows each time that another server, or a restarted one, takes over."""

    def __init__(self, sentinels: Sentinels) -> None:
        self.term = 0
        self.replication_id = ""
        """The id that a server gives itself when it becomes primary or starts again; empty before the first connection."""
        self._sentinels = sentinels
        self._named: Named | None = None
        self._question: asyncio.Task[Named] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._connections: WeakSet[ToPrimary] = WeakSet()

    async def find(self) -> Named:
        """The primary that the sentinels name now; questions of one moment are one. Raises NoPrimary or SentinelsRefuse."""
        if self._question is None or self._question.done():
            newest = self._named.epoch if self._named is not None else 0
            self._question = asyncio.create_task(self._sentinels.primary(not_before=newest))
        return await asyncio.shield(self._question)

    def reached(self, connection: ToPrimary, named: Named, replication_id: str) -> int:
        """A connection reached the server `named`, which is a primary; returns the term of the connection.

        Raises PrimaryChanged when a later failover is known by now: a former primary that was started again is a primary for
        seconds, until the sentinels make it a replica.
        """
        if self._named is not None and named.epoch < self._named.epoch:
            raise PrimaryChanged(f"{named.address} was the primary before the last failover")
        if replication_id != self.replication_id:
            if self.replication_id:
                log.warning("redis_primary_changed", address=named.address)
            self.replication_id = replication_id
            self._begin_term()
        self._named = named
        self._connections.add(connection)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._keep_asking(), name="sentinel-watch")
        return self.term

    def left(self, connection: ToPrimary) -> None:
        """A connection is closed."""
        self._connections.discard(connection)

    async def close(self) -> None:
        """Ask no more."""
        tasks = [task for task in (self._watch, self._question) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sentinels.close()

    async def _keep_asking(self) -> None:
        silent = False
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                named = await self.find()
            except (redis.exceptions.RedisError, OSError) as error:
                # Connections that are open may be used on; the server itself refuses writes when it has lost its replicas.
                if not silent:
                    log.warning("sentinels_silent", cause=str(error))
                silent = True
                continue
            silent = False
            if self._named is not None and named.address != self._named.address:
                self._named = named
                self._begin_term()

    def _begin_term(self) -> None:
        """Close the connections of the term before; their callers repeat their commands."""
        self.term += 1
        for connection in list(self._connections):
            connection.cut()
        self._connections.clear()


class ToPrimary(Cancellable):
    """A connection to the primary; `primary` is shared by all connections of a pool."""

    def __init__(self, *, primary: Primary, **given: Any) -> None:
        super().__init__(**given)
        self._primary = primary
        self._named: Named | None = None
        self._term: int | None = None

    async def connect(self) -> None:
        """Connect to the primary, with the patience of the pool."""
        if self.is_connected:
            return
        patience, self.retry = self.retry, Retry(NoBackoff(), 0)
        try:
            await patience.call_with_retry(self._connect_once, lambda _: self.disconnect(nowait=True))
        finally:
            self.retry = patience

    async def on_connect(self) -> None:
        """Authenticate, and refuse a server that is not a primary."""
        await super().on_connect()
        await self.send_command("INFO", "replication", check_health=False)
        fields = _fields(await super().read_response())
        if fields.get("role") != "master" or self._named is None:
            raise PrimaryChanged("the server that the sentinels named is not a primary (yet)")
        self._term = self._primary.reached(self, self._named, fields.get("master_replid", ""))

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send, unless the primary has changed since the connection was made."""
        await self._of_this_term()
        await super().send_packed_command(command, check_health=check_health)

    async def read_response(self, *given: Any, **named: Any) -> Any:
        """The answer of the primary; raises PrimaryChanged or NotWritable instead of an answer that counts for nothing."""
        try:
            response = await super().read_response(*given, **named)
        except redis.exceptions.ResponseError as error:
            if not (isinstance(error, redis.exceptions.ReadOnlyError) or "NOREPLICAS" in str(error)):
                raise
            await self.disconnect(nowait=True)
            raise NotWritable(str(error)) from error
        await self._of_this_term()
        return response

    async def disconnect(self, nowait: bool = False) -> None:
        """Close the connection; the next one belongs to the term in which it is made."""
        self._term = None
        self._primary.left(self)
        await super().disconnect(nowait=nowait)

    def cut(self) -> None:
        """Give a caller that waits for an answer an error; it closes the connection and repeats its command."""
        if self._reader is not None:
            self._reader.set_exception(ConnectionResetError("another server has become the primary"))

    async def _connect_once(self) -> None:
        named = self._named = await self._primary.find()
        self.host, self.port = named.host, named.port
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                await super().connect()  # type: ignore[no-untyped-call]
        except TimeoutError:
            raise redis.exceptions.TimeoutError(
                f"no answer from {named.address}, which the sentinels name"
            ) from None

    async def _of_this_term(self) -> None:
        if self._term is not None and self._term != self._primary.term:
            await self.disconnect(nowait=True)
            raise PrimaryChanged("another server has become the primary")


class PlainToPrimary(ToPrimary, Connection):
    """Over TCP."""


class SecuredToPrimary(ToPrimary, SSLConnection):
    """Over TLS."""


class PrimaryPool(redis.asyncio.BlockingConnectionPool):
    """Connections to the primary of one service; closing the pool ends the questions to the sentinels."""

    def __init__(self, address: sentinel_url.SentinelAddress, **given: Any) -> None:
        self.primary = Primary(Sentinels(address))
        tls_files: dict[str, Any] = address.tls_files
        super().__init__(
            connection_class=SecuredToPrimary if address.tls else PlainToPrimary,
            primary=self.primary,
            db=address.db,
            username=address.redis.username,
            password=address.redis.password,
            **tls_files,
            **given,
        )

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close all connections, and those to the sentinels."""
        await self.primary.close()
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            await super().disconnect(inuse_connections)


def primary_of(client: redis.asyncio.Redis) -> Primary | None:
    """The primary behind a client that uses Sentinel; None for a single server."""
    pool = client.connection_pool
    return pool.primary if isinstance(pool, PrimaryPool) else None


def _fields(text: bytes) -> dict[str, str]:
    """The lines `name:value` of an answer to INFO."""
    lines = (line.partition(":") for line in text.decode().splitlines())
    return {name: value for name, colon, value in lines if colon}
