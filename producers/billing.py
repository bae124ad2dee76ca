"""The producers' half of the billing flow: accounts and contacts of BSS, and what other users change on companies and contacts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import Flow, FlowContext, Poller, Source
from cwbridge.redis import Redis
from producers.poll_modes import PollModes


class BillingSource(Source):
    """Notices changes for the billing flow."""

    systems = (BSS, CONNECTWISE)
    watermarks = (
        ("bss_accounts", "last change of BSS accounts"),
        ("bss_contacts", "last change of BSS contacts"),
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
        from producers.accounts import (  # noqa: PLC0415 - the command line names sources without polling
            AccountsPoller,
        )

        yield AccountsPoller.over(context, flow)
