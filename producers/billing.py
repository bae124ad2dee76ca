"""The producers' half of the billing flow: the collections of BSS, and what other users change on companies and contacts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import Flow, FlowContext, Poller, Source
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers.bss_collections import polled_collections
from producers.poll_modes import PollModes


class BillingSource(Source):
    """Notices changes for the billing flow."""

    systems = (BSS, CONNECTWISE)

    def watermarks(self, flow: Flow, settings: Settings) -> Sequence[tuple[str, str]]:
        """One for each collection that is polled."""
        return (
            *(
                (f"bss_{one.name}", f"last change of BSS {one.name}")
                for one in polled_collections(flow.pushed(settings))
            ),
            ("connectwise_companies", "last change of companies"),
            ("connectwise_contacts", "last change of contacts"),
        )

    async def status_rows(self, redis: Redis, namespace: str, /) -> Mapping[str, str]:
        """How each collection of BSS is polled."""
        modes = await PollModes(redis, namespace=namespace).all()
        return {f"poll of BSS {collection}": str(mode) for collection, mode in modes.items()}

    @asynccontextmanager
    async def open(self, context: FlowContext, flow: Flow) -> AsyncIterator[Poller]:
        """The pollers over the open connections of `context`."""
        from producers.billing_poller import (  # noqa: PLC0415 - the command line names sources without polling
            BillingPoller,
        )

        yield BillingPoller.over(context, flow)
