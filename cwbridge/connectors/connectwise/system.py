"""ConnectWise PSA as a system of the platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.system import System
from cwbridge.limits.rate import Rate

if TYPE_CHECKING:
    from cwbridge.connectors.connectwise.client import ConnectWiseClient
    from cwbridge.connectors.transport import Limits
    from cwbridge.settings import Settings


@asynccontextmanager
async def _open(settings: Settings, limits: Limits) -> AsyncIterator[ConnectWiseClient]:
    from cwbridge.connectors.connectwise import (  # noqa: PLC0415 - the command line names systems without calling them
        client,
    )

    async with client.open_client(settings, limits) as opened:
        yield opened


CONNECTWISE: Final[System[ConnectWiseClient]] = System(
    name="connectwise",
    title="ConnectWise",
    settings=ConnectWiseSettings,
    required=("url", "company_id", "public_key", "private_key", "client_id"),
    open_client=_open,
    published_rate=Rate(1000, 60.0),
)
