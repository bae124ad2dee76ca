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
    from cwbridge.connectors.overlay import Dialect
    from cwbridge.connectors.transport import Limits, OpenTransport
    from cwbridge.settings import Settings


@asynccontextmanager
async def _open(
    settings: Settings, limits: Limits, transports: OpenTransport | None = None
) -> AsyncIterator[ConnectWiseClient]:
    from cwbridge.connectors.connectwise import (  # noqa: PLC0415 - the command line names systems without calling them
        client,
    )

    async with client.open_client(settings, limits, transports) as opened:
        yield opened


def _dialect() -> Dialect:
    from cwbridge.connectors.connectwise.dialect import ConnectWiseDialect  # noqa: PLC0415 - as above

    return ConnectWiseDialect()


CONNECTWISE: Final[System[ConnectWiseClient]] = System(
    name="connectwise",
    title="ConnectWise",
    settings=ConnectWiseSettings,
    required=("url", "company_id", "public_key", "private_key", "client_id"),
    open_client=_open,
    dialect=_dialect,
    published_rate=Rate(1000, 60.0),
)
