"""Opens the clients of the outside systems, under the limits that all processes share, and proves their credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar, cast

import structlog

from cwbridge import errors
from cwbridge import settings as settings_module
from cwbridge.connectors.system import Checked, System
from cwbridge.connectors.transport import OpenTransport
from cwbridge.limits.answer import HoldReason
from cwbridge.limits.limiter import Limiter
from cwbridge.redis import Redis
from cwbridge.settings import Settings

log = structlog.get_logger(__name__)
C = TypeVar("C", bound=Checked)
# ConnectWise cloud may answer wrong credentials with 404 for the endpoint or the record.
_REFUSALS = (
    errors.AuthenticationRefused,
    errors.PermissionRefused,
    errors.NotFound,
    errors.RequestRefused,
)


class Connections:
    """The clients that are open in this process, by their system."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}

    def client(self, system: System[C]) -> C:
        """The open client of `system`; raises KeyError when the system was not opened."""
        return cast("C", self._clients[system.name])

    def add(self, system: System[Any], client: Checked) -> None:
        """Register an open client."""
        self._clients[system.name] = client


@asynccontextmanager
async def open_all(
    settings: Settings, redis: Redis, systems: Iterable[System[Any]]
) -> AsyncIterator[Connections]:
    """Open each system once, with proven credentials; raises SettingsError when credentials are missing or refused."""
    opened = Connections()
    async with AsyncExitStack() as stack:
        for system in {system.name: system for system in systems}.values():
            opened.add(system, await stack.enter_async_context(open_one(settings, redis, system)))
        yield opened


@asynccontextmanager
async def open_one(
    settings: Settings, redis: Redis, system: System[C], transports: OpenTransport | None = None
) -> AsyncIterator[C]:
    """A client of `system` with proven credentials, over one of `transports`; raises SettingsError when they are missing or refused."""
    section = settings.of(system.settings)
    settings_module.require(section, system.required)
    limiter = Limiter(
        redis,
        namespace=settings.namespace,
        system=system.name,
        title=system.title,
        rate=section.rate_limit,
        concurrency=section.concurrency,
    )
    limits = _UntilProven(limiter)
    async with system.open_client(settings, limits, transports) as client:
        await _prove(system, client, limits)
        yield client
        await limiter.close()


class _UntilProven:
    """The limits of a process that has not proven its credentials yet: a refusal ends this process and no other.

    A system that is on hold for refused credentials does not keep the process from trying its own; the hold ends when they work.
    """

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self.proven = False
        self.hold_passed = False

    def slot(self) -> AbstractAsyncContextManager[object]:
        return self.limiter.slot() if self.proven else self._through_a_hold()

    @asynccontextmanager
    async def _through_a_hold(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.limiter.slot())
            except errors.SystemOnHold:
                self.hold_passed = True
            yield

    async def credentials_work(self) -> None:
        if self.hold_passed:
            await self.limiter.clear_hold()
            await self.limiter.credentials_work()

    async def hold(self, seconds: float, *, reason: HoldReason) -> None:
        if self.proven or reason != "credentials_refused":
            await self.limiter.hold(seconds, reason=reason)


async def _prove(system: System[Any], client: Checked, limits: _UntilProven) -> None:
    """Refused credentials are a mistake in the settings; an unreachable system is not: work begins when it is back."""
    try:
        await client.check_credentials()
        await limits.credentials_work()
    except errors.MappingRefused as refusal:
        # The cause names the wrong setting.
        raise errors.SettingsError(refusal.cause, remedy=refusal.remedy) from refusal
    except _REFUSALS as refusal:
        variables = ", ".join(settings_module.variable(system.name, name) for name in system.required)
        raise errors.SettingsError(f"{refusal.cause}: {variables}", remedy=refusal.remedy) from refusal
    except (errors.Retry, errors.Wait) as failure:
        log.warning("system_unreachable", system=system.name, cause=str(failure), remedy=failure.remedy)
    limits.proven = True
