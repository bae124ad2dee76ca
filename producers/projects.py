"""Both pollers of the opportunity flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.connectors.jetbuilt import ACTIVE_PROJECTS
from cwbridge.connectors.jetbuilt.settings import JetbuiltSettings
from cwbridge.connectors.jetbuilt.system import JETBUILT
from cwbridge.flow import Flow, FlowContext, Polled, Schedule
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.catalog import CatalogCache
from cwbridge.ledger.hints import Hints
from producers.connectwise import ConnectWisePoller
from producers.jetbuilt import JetbuiltPoller
from producers.noticed import NoticedChanges
from producers.watermarks import Watermark


class ProjectsPoller:
    """Polls both sides of the opportunity flow."""

    def __init__(
        self, context: FlowContext, jetbuilt: JetbuiltPoller, connectwise: ConnectWisePoller
    ) -> None:
        self._settings = context.settings
        self.jetbuilt = jetbuilt
        self.connectwise = connectwise

    @classmethod
    def over(cls, context: FlowContext, flow: Flow) -> Self:
        """The pollers over the open connections of `context`."""
        settings, redis, namespace = context.settings, context.redis, context.settings.namespace
        jetbuilt = JetbuiltPoller(
            context.connections.client(JETBUILT),
            context.queue,
            flow,
            watermark=Watermark(redis, namespace=namespace, name="jetbuilt"),
            active=Hints(redis, namespace=namespace, name=ACTIVE_PROJECTS),
            links=context.links,
            overlap=settings.of(JetbuiltSettings).poll_overlap,
        )
        connectwise = ConnectWisePoller(
            context.connections.client(CONNECTWISE),
            context.queue,
            flow,
            watermark=Watermark(redis, namespace=namespace, name="connectwise"),
            noticed=NoticedChanges(
                redis,
                namespace=namespace,
                name="connectwise",
                api_member=ApiMember(redis, namespace=namespace),
            ),
            links=context.links,
            catalog=CatalogCache(redis, namespace=namespace),
            overlap=settings.of(ConnectWiseSettings).poll_overlap,
        )
        return cls(context, jetbuilt, connectwise)

    def schedules(self) -> Sequence[Schedule]:
        """The poll and the full sync of Jetbuilt, and the poll of ConnectWise."""
        jetbuilt, connectwise = (
            self._settings.of(JetbuiltSettings),
            self._settings.of(ConnectWiseSettings),
        )
        return (
            Schedule(
                "jetbuilt_poll",
                jetbuilt.poll_interval,
                self.jetbuilt.poll,
                follows_people=jetbuilt.poll_pace == "learned",
            ),
            Schedule(
                "jetbuilt_full_sync", jetbuilt.full_sync_interval, self.jetbuilt.full_sync, starts_late=True
            ),
            Schedule(
                "connectwise_poll",
                connectwise.poll_interval,
                self.connectwise.poll,
                follows_people=connectwise.poll_pace == "learned",
            ),
        )

    async def poll(self, *, full: bool) -> Polled:
        """Poll Jetbuilt once."""
        return await (self.jetbuilt.full_sync() if full else self.jetbuilt.poll())
