"""Opens the connections to the outside systems, with the limits that all processes share, and proves the keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import structlog

from cwbridge import errors
from cwbridge import settings as settings_module
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.limits.answer import HoldReason
from cwbridge.limits.limiter import Limiter
from cwbridge.redis import Redis
from cwbridge.settings import ConnectWiseSettings, JetbuiltSettings, Settings

log = structlog.get_logger()
# Wrong keys are not always called so: ConnectWise cloud may answer that the endpoint or the record does not exist.
_REFUSALS = (
    errors.AuthenticationRefused,
    errors.PermissionRefused,
    errors.NotFound,
    errors.RequestRefused,
)


class _Checked(Protocol):
    async def check_credentials(self) -> None: ...


class _UntilProven:
    """The limits of a process that has yet to prove its keys: their refusal ends it, and stops no other process.

    A stop for refused keys does not keep it from trying its own; it is lifted when they work.
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


@asynccontextmanager
async def open_jetbuilt(settings: Settings, redis: Redis) -> AsyncIterator[jetbuilt.JetbuiltClient]:
    """A client of Jetbuilt whose keys are proven; raises SettingsError when they are missing or refused."""
    settings_module.require_jetbuilt(settings)
    limiter = _limiter(settings, redis, "jetbuilt", settings.jetbuilt)
    limits = _UntilProven(limiter)
    async with jetbuilt.open_client(settings, limits) as client:
        await _prove("jetbuilt", client, limits, ("url", "api_key"))
        yield client
        await limiter.close()


@asynccontextmanager
async def open_connectwise(settings: Settings, redis: Redis) -> AsyncIterator[connectwise.ConnectWiseClient]:
    """A client of ConnectWise whose keys are proven; raises SettingsError when they are missing or refused."""
    settings_module.require_connectwise(settings)
    limiter = _limiter(settings, redis, "connectwise", settings.connectwise)
    limits = _UntilProven(limiter)
    async with connectwise.open_client(settings, limits) as client:
        named = ("url", "company_id", "public_key", "private_key", "client_id")
        await _prove("connectwise", client, limits, named)
        yield client
        await limiter.close()


def _limiter(
    settings: Settings, redis: Redis, system: str, section: JetbuiltSettings | ConnectWiseSettings
) -> Limiter:
    return Limiter(
        redis,
        namespace=settings.namespace,
        system=system,
        rate=section.rate_limit,
        concurrency=section.concurrency,
    )


async def _prove(system: str, client: _Checked, limits: _UntilProven, named: tuple[str, ...]) -> None:
    """Refused keys are a mistake in the settings; a system that is away for a while is not, and work begins when it is back."""
    try:
        await client.check_credentials()
        await limits.credentials_work()
    except errors.MappingRefused as refusal:
        # It says itself which setting is wrong.
        raise errors.SettingsError(refusal.cause, remedy=refusal.remedy) from refusal
    except _REFUSALS as refusal:
        variables = ", ".join(settings_module.variable(system, name) for name in named)
        raise errors.SettingsError(f"{refusal.cause}: {variables}", remedy=refusal.remedy) from refusal
    except (errors.Retry, errors.Wait) as failure:
        log.warning("system_unreachable", system=system, reason=str(failure), remedy=failure.remedy)
    limits.proven = True
