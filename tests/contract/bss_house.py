"""The BSS stand-in over real HTTP with a client in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cwbridge import settings
from cwbridge.connectors.bss.client import BssClient, open_client
from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from sandbox import credentials
from sandbox.bss.modes import Modes
from sandbox.bss.store import BssStore
from sandbox.faults import FaultRule
from sandbox.server import Options, Sandbox
from tests.contract.sandbox_tenant import small_world


class BssHouse:
    """A stand-in with a client; the client was opened with credentials that hold, unless `changed` says otherwise."""

    def __init__(self, box: Sandbox, client: BssClient) -> None:
        self.box = box
        self.client = client

    @property
    def store(self) -> BssStore:
        return self.box.bss

    @property
    def modes(self) -> Modes:
        return self.box.bss.modes

    def fault(self, action: Any, **rule: Any) -> None:
        """Arm one rule of that action."""
        self.box.bss_faults.add(FaultRule(name=action, action=action, **rule))

    def calls(self, method: str, route: str) -> int:
        """How many calls have arrived at a route, whatever was answered."""
        counts = self.box.bss_calls.counts
        return sum(count for (m, r, _), count in counts.items() if (m, r) == (method, route))


@asynccontextmanager
async def open_house(**changed: Any) -> AsyncIterator[BssHouse]:
    """`changed` are values of the table [bss]."""
    async with (
        Sandbox(Options(limits=False), world=small_world()) as box,
        open_bss(box.bss_url, **changed) as client,
    ):
        yield BssHouse(box, client)


@asynccontextmanager
async def open_bss(url: str, **changed: Any) -> AsyncIterator[BssClient]:
    """A client without limits of `url`."""
    table = {
        "url": url,
        "username": credentials.BSS_USERNAME,
        "password": credentials.BSS_PASSWORD,
        "client_key": credentials.BSS_CLIENT_KEY,
        "client_secret": credentials.BSS_CLIENT_SECRET,
        **changed,
    }
    chosen = settings.with_tables(BssSettings).model_validate({"bss": table})
    limiter = Limiter(None, namespace="t", system="bss", rate=Rate(0), concurrency=8)
    async with open_client(chosen, limiter) as client:
        yield client
