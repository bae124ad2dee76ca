"""Corrects the links of opportunities and of what they refer to, for a person."""

from __future__ import annotations

from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.connectors.jetbuilt.system import JETBUILT
from cwbridge.flow import FlowContext
from cwbridge.linker import LinkName, Rebuilt, Relinked
from worker.opportunity.rebuilding import rebuild_links
from worker.opportunity.relinking import Relinker


class OpportunityLinker:
    """`links relink` and `links rebuild` of the opportunity flow."""

    def __init__(self, context: FlowContext) -> None:
        self._context = context

    async def relink(self, name: LinkName, target: int) -> Relinked:
        """Store the choice and enqueue the keys that depend on it; raises Refused for an impossible record."""
        context = self._context
        relinker = Relinker.over(
            context.settings,
            context.redis,
            context.connections.client(CONNECTWISE),
            context.connections.client(JETBUILT),
        )
        return await relinker.relink(name, target)

    async def rebuild(self, *, dry_run: bool) -> Rebuilt:
        """Find every opportunity by its external id and correct its link."""
        context = self._context
        return await rebuild_links(
            context.connections.client(CONNECTWISE),
            context.redis,
            namespace=context.settings.namespace,
            dry_run=dry_run,
        )
