"""Opens Redis and the clients of the systems once for all checks; nothing is started and nothing is written to a system."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import msgspec

from console.doctor.limits import LookingLimits
from cwbridge import concurrency, embedded_redis, errors
from cwbridge import redis as redis_module
from cwbridge import settings as settings_module
from cwbridge.checks import NotChecked
from cwbridge.connectors import trail
from cwbridge.connectors.system import Checked, System
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.redis import Redis
from cwbridge.settings import Settings

C = TypeVar("C", bound=Checked)
T = TypeVar("T")
CALL_SECONDS = 8.0
_PING_SECONDS = 5.0
_OPEN_SECONDS = 10.0


class Open(msgspec.Struct, frozen=True):
    """An open system: its client, what its API says about itself, and by how much its clock is ahead of this machine's, in seconds."""

    client: Any
    about: str
    ahead: float | None


class EmbeddedNotRunning(NotChecked):
    """The embedded Redis starts with the daemon; the doctor does not start it."""

    def __init__(self) -> None:
        super().__init__("the embedded Redis does not run; it starts with the daemon")


class Opening:
    """`async with Opening(settings) as opening`: what checks use; a Looker."""

    def __init__(self, settings: Settings) -> None:
        http = settings.http.model_copy(
            update={"timeout": min(settings.http.timeout, timedelta(seconds=CALL_SECONDS))}
        )
        self._settings = settings.model_copy(update={"http": http})
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._stack = AsyncExitStack()

    @property
    def settings(self) -> Settings:
        """The settings, with a shorter time-out for calls."""
        return self._settings

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await concurrency.end(*self._tasks.values())
        await self._stack.aclose()

    async def client(self, system: System[C], /) -> C:
        """The open client; raises NotChecked when the system cannot be used."""
        try:
            return cast("C", (await self.system(system)).client)
        except errors.BridgeError as error:
            raise NotChecked(f"{system.title} cannot be used: {error.cause}") from error

    async def system(self, system: System[Any]) -> Open:
        """The open system; raises what its first call raised, NotChecked when it is switched off."""
        return await self._once(system.name, lambda: self._open(system))

    async def redis(self) -> Redis:
        """A connection that answers; raises NotChecked when there is none."""
        try:
            return await self.store()
        except errors.StoreUnavailable as error:
            raise NotChecked(error.cause) from error

    async def store(self) -> Redis:
        """As `redis`, but raises StoreUnavailable, and EmbeddedNotRunning for the embedded server."""
        return await self._once("redis", self._connect)

    async def _once(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        """What `act` gives; all callers share one run, and a caller that is stopped does not stop it."""
        task = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = asyncio.ensure_future(act())
            # Each caller gets the error; one that nothing asks for any more is no error of its own.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return cast("T", await asyncio.shield(task))

    async def _connect(self) -> Redis:
        name = settings_module.variable("redis", "url")
        given = self._settings.redis.url
        if given is not None:
            url: str | None = given.get_secret_value()
        else:
            url = await embedded_redis.EmbeddedRedis(self._settings.state_dir).running_url()
        if url is None:
            raise EmbeddedNotRunning
        try:
            client = redis_module.connect(url, patient=False)
        except ValueError as error:
            raise errors.StoreUnavailable(
                f"{name} is not the address of a Redis server",
                remedy="Write it like redis://127.0.0.1:6379/0, rediss://... or unix:///path/to/socket.",
            ) from error
        self._stack.push_async_callback(client.aclose)
        async with asyncio.timeout(_PING_SECONDS):
            await redis_module.check(client, name=name)
        return client

    async def _open(self, system: System[Any]) -> Open:
        section = self._settings.of(system.settings)
        if not section.switched_on:
            raise NotChecked(f"{system.title} has no URL")
        settings_module.require(section, system.required)
        limits = LookingLimits(await self._limiter(system), title=system.title)
        client = await self._stack.enter_async_context(system.open_client(self._settings, limits))
        self._stack.push_async_callback(limits.close)
        with trail.recording() as calls:
            try:
                async with asyncio.timeout(_OPEN_SECONDS):
                    await client.check_credentials()
                    about = await client.about()
            except TimeoutError:
                raise errors.Unreachable(
                    f"{system.title} did not answer within {_OPEN_SECONDS:g} s"
                ) from None
        return Open(client, about, _ahead(calls))

    async def _limiter(self, system: System[Any]) -> Limiter:
        section = self._settings.of(system.settings)
        redis: Redis | None = None
        try:
            redis = await self.redis()
        except NotChecked:
            # Without Redis no daemon makes calls beside these few.
            rate = Rate(0)
        except TimeoutError:
            rate = Rate(0)
        else:
            rate = section.rate_limit
        return Limiter(
            redis,
            namespace=self._settings.namespace,
            system=system.name,
            title=system.title,
            rate=rate,
            concurrency=section.concurrency,
        )


def _ahead(calls: trail.Calls) -> float | None:
    """By how many seconds the server's clock is ahead, from the newest answer that tells its time; it tells whole seconds."""
    for call in reversed(list(calls)):
        if call.date:
            try:
                told = email.utils.parsedate_to_datetime(call.date)
            except ValueError:
                continue
            return told.timestamp() + 0.5 - (call.at_ms + call.duration_ms) / 1000
    return None
