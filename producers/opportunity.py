"""The producers' half of the opportunity flow: Jetbuilt's projects, and what other users change in ConnectWise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.connectors.jetbuilt.system import JETBUILT
from cwbridge.flow import Flow, FlowContext, Poller, Source
from cwbridge.settings import Settings


class OpportunitySource(Source):
    """Notices changes for the opportunity flow."""

    systems = (JETBUILT, CONNECTWISE)

    def watermarks(self, flow: Flow, settings: Settings) -> Sequence[tuple[str, str]]:
        """How far the projects of Jetbuilt were read."""
        del flow, settings
        return (("jetbuilt", "Jetbuilt read until"),)

    @asynccontextmanager
    async def open(self, context: FlowContext, flow: Flow) -> AsyncIterator[Poller]:
        """The pollers over the open connections of `context`."""
        from producers.projects import ProjectsPoller  # noqa: PLC0415 - the command line names sources without polling

        yield ProjectsPoller.over(context, flow)
