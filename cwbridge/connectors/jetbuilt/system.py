"""Jetbuilt as a system of the platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from cwbridge.connectors.jetbuilt.settings import JetbuiltSettings
from cwbridge.connectors.system import System
from cwbridge.limits.rate import Rate

if TYPE_CHECKING:
    from cwbridge.connectors.jetbuilt.client import JetbuiltClient
    from cwbridge.connectors.transport import Limits, OpenTransport
    from cwbridge.settings import Settings


@asynccontextmanager
async def _open(
    settings: Settings, limits: Limits, transports: OpenTransport | None = None
) -> AsyncIterator[JetbuiltClient]:
    from cwbridge.connectors.jetbuilt import client  # noqa: PLC0415 - the command line names systems without calling them

    async with client.open_client(settings, limits, transports) as opened:
        yield opened


JETBUILT: Final[System[JetbuiltClient]] = System(
    name="jetbuilt",
    title="Jetbuilt",
    settings=JetbuiltSettings,
    required=("url", "api_key"),
    open_client=_open,
    published_rate=Rate(50, 10.0),
)
