"""The pollers of the billing flow, with what they need: the collections of BSS that are synced, companies and contacts of ConnectWise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, TypeVar

from cwbridge.connectors.bss.client import BssClient, Collection
from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import Flow, FlowContext, Polled, Schedule
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.own_writes import OwnWrites
from cwbridge.settings import Settings
from producers.bss import BssPoller
from producers.bss_collections import PolledCollection, polled_collections
from producers.companies import CompanyPoller, ContactPoller, PairPoller
from producers.noticed import NoticedChanges
from producers.poll_modes import PollModes
from producers.watermarks import Watermark

P = TypeVar("P", bound=PairPoller[Any])


class BillingPoller:
    """Polls both sides of the billing flow, BSS first; `bss` holds the pollers of its collections in their order."""

    def __init__(
        self,
        settings: Settings,
        *,
        bss: Sequence[BssPoller[Any]],
        companies: CompanyPoller,
        company_contacts: ContactPoller,
    ) -> None:
        self._settings = settings
        self.bss = tuple(bss)
        self._companies = companies
        self._company_contacts = company_contacts

    @classmethod
    def over(cls, context: FlowContext, flow: Flow) -> Self:
        """The pollers over the open connections of `context`."""
        bss = context.connections.client(BSS)
        connectwise = context.connections.client(CONNECTWISE)
        namespace = context.settings.namespace
        changes = NoticedChanges(
            context.redis,
            namespace=namespace,
            name="billing",
            api_member=ApiMember(context.redis, namespace=namespace),
        )

        def watermark(name: str) -> Watermark:
            return Watermark(context.redis, namespace=namespace, name=name)

        def of_bss(polled: PolledCollection) -> BssPoller[Any]:
            return BssPoller(
                _collection(bss, polled),
                polled,
                context.queue,
                flow,
                watermark=watermark(f"bss_{polled.name}"),
                links=context.links,
                own_writes=OwnWrites(context.redis, namespace=namespace, system=BSS.name),
                modes=PollModes(context.redis, namespace=namespace),
                times=bss.times,
                overlap=context.settings.of(BssSettings).poll_overlap,
            )

        def of_connectwise(kind: type[P], resource: Resource[Any], name: str) -> P:
            return kind(
                resource,
                context.queue,
                flow,
                watermark=watermark(f"connectwise_{name}"),
                links=context.links,
                changes=changes,
                overlap=context.settings.of(ConnectWiseSettings).poll_overlap,
            )

        return cls(
            context.settings,
            bss=[of_bss(one) for one in polled_collections(flow.pushed(context.settings))],
            companies=of_connectwise(CompanyPoller, connectwise.companies, "companies"),
            company_contacts=of_connectwise(ContactPoller, connectwise.contacts, "contacts"),
        )

    def schedules(self) -> Sequence[Schedule]:
        """One poll for each collection, and the full sync of both sides."""
        bss, connectwise = self._settings.of(BssSettings), self._settings.of(ConnectWiseSettings)
        connectwise_polls = (
            ("connectwise_companies_poll", self._companies.poll),
            ("connectwise_contacts_poll", self._company_contacts.poll),
        )
        return (
            *(
                Schedule(one.schedule, bss.poll_interval, one.poll, follows_people=bss.poll_pace == "learned")
                for one in self.bss
            ),
            *(
                Schedule(
                    name,
                    connectwise.poll_interval,
                    poll,
                    follows_people=connectwise.poll_pace == "learned",
                )
                for name, poll in connectwise_polls
            ),
            Schedule("bss_full_sync", bss.full_sync_interval, self.full_sync, starts_late=True),
        )

    async def poll(self, *, full: bool) -> Polled:
        """Look at both sides once, so that pushes are enqueued first."""
        if full:
            return await self.full_sync()
        return _sum([await one.poll() for one in self._all])

    async def full_sync(self) -> Polled:
        """Enqueue everything on both sides, whatever its time stamps say."""
        return _sum([await one.full_sync() for one in self._all])

    @property
    def _all(self) -> tuple[BssPoller[Any] | CompanyPoller | ContactPoller, ...]:
        return (*self.bss, self._companies, self._company_contacts)


def _collection(bss: BssClient, polled: PolledCollection) -> Collection[Any]:
    collection: Collection[Any] = getattr(bss, polled.name)
    return collection


def _sum(polled: Sequence[Polled]) -> Polled:
    return Polled(seen=sum(one.seen for one in polled), enqueued=sum(one.enqueued for one in polled))
