"""interworks.cloud BSS as a system of the platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.connectors.system import System

if TYPE_CHECKING:
    from cwbridge.connectors.bss.client import BssClient
    from cwbridge.connectors.overlay import Dialect
    from cwbridge.connectors.transport import Limits, OpenTransport
    from cwbridge.settings import Settings


@asynccontextmanager
async def _open(
    settings: Settings, limits: Limits, transports: OpenTransport | None = None
) -> AsyncIterator[BssClient]:
    from cwbridge.connectors.bss import client  # noqa: PLC0415 - the command line names systems without calling them

    async with client.open_client(settings, limits, transports) as opened:
        yield opened


def _dialect() -> Dialect:
    from cwbridge.connectors.bss.dialect import BssDialect  # noqa: PLC0415 - as above

    return BssDialect()


BSS: Final[System[BssClient]] = System(
    name="bss",
    title="BSS",
    settings=BssSettings,
    required=("url", "username", "password", "client_key", "client_secret"),
    open_client=_open,
    dialect=_dialect,
)
