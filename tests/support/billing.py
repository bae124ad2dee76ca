"""The pollers of the billing flow over the stand-ins of BSS and ConnectWise and a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from cwbridge import connections, settings
from cwbridge.connectors.bss.client import BssClient
from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise.client import ConnectWiseClient
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import Flow, FlowContext
from cwbridge.queue import outcome as outcomes
from cwbridge.queue.job import Job
from cwbridge.redis import Redis
from producers.billing import BillingSource
from producers.billing_poller import BillingPoller
from sandbox import credentials
from sandbox.server import Sandbox
from tests.support.configured import bss_section
from tests.support.jobs import claimed


def _flow(*pushed: str) -> Flow:
    """What pollers use of their flow: its name, and the nouns that are pushed."""
    return cast("Flow", SimpleNamespace(name="billing", pushed=lambda _settings: frozenset(pushed)))


class PollingBench:
    """Open pollers with what a test looks at beside them."""

    def __init__(self, box: Sandbox, context: FlowContext, poller: BillingPoller) -> None:
        self.box = box
        self.context = context
        self.poller = poller

    @property
    def bss(self) -> BssClient:
        return self.context.connections.client(BSS)

    @property
    def connectwise(self) -> ConnectWiseClient:
        return self.context.connections.client(CONNECTWISE)

    def forget_calls(self) -> None:
        self.box.bss_calls.clear()
        self.box.connectwise_calls.clear()

    def calls(self) -> dict[str, int]:
        """How often each route was called on either side."""
        counted: dict[str, int] = {}
        for log in (self.box.bss_calls, self.box.connectwise_calls):
            for (method, route, _), count in log.counts.items():
                counted[f"{method} {route}"] = counted.get(f"{method} {route}", 0) + count
        return counted

    async def jobs(self) -> dict[str, Job]:
        return {job.key: job for job in await self.context.queue.jobs(limit=10_000)}

    async def settle(self) -> None:
        """As if a worker had settled every job: what is enqueued from now on stands out."""
        queue = self.context.queue
        while deliveries := await claimed(queue, 100, flows=["billing"]):
            for key, fencing_token, *_ in deliveries:
                run = await queue.start(key, fencing_token)
                assert run is not None
                assert await queue.settle(run, outcomes.Succeeded()) == "gone"

    async def polled(self) -> dict[str, Job]:
        """The jobs that one pass of polls enqueues."""
        await self.settle()
        await self.poller.poll(full=False)
        return await self.jobs()


@asynccontextmanager
async def polling(
    box: Sandbox, redis: Redis, namespace: str, *, pushed: Sequence[str] = (), **changed: Any
) -> AsyncIterator[PollingBench]:
    """The pollers as a new process opens them; `pushed` are nouns of documents, `changed` values of the table [bss]."""
    tables: dict[str, dict[str, Any]] = {
        "bss": {
            **bss_section(box),
            "rate_limit": "off",
            **changed,
        },
        "connectwise": {
            "url": box.connectwise_url,
            "company_id": credentials.CONNECTWISE_COMPANY_ID,
            "public_key": credentials.CONNECTWISE_PUBLIC_KEY,
            "private_key": credentials.CONNECTWISE_PRIVATE_KEY,
            "client_id": credentials.CONNECTWISE_CLIENT_ID,
            "rate_limit": "off",
        },
        "queue": {"debounce": "0ms"},
    }
    chosen = settings.with_tables(BssSettings, ConnectWiseSettings).model_validate(
        {"namespace": namespace, **tables}
    )
    async with connections.open_all(chosen, redis, BillingSource.systems) as opened:
        context = FlowContext.over(chosen, redis, opened)
        bench = PollingBench(box, context, BillingPoller.over(context, _flow(*pushed)))
        bench.forget_calls()
        yield bench
