"""The pollers of the billing flow, with what they need: accounts and contacts of BSS, companies and contacts of ConnectWise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, TypeVar

from cwbridge.connectors.bss import models
from cwbridge.connectors.bss.client import Collection
from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import Flow, FlowContext, Polled, Schedule
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.own_writes import OwnWrites
from cwbridge.settings import Settings
from producers.bss import ACCOUNTS, CONTACTS, BssPoller, PolledCollection
from producers.companies import CompanyPoller, ContactPoller, PairPoller
from producers.noticed import NoticedChanges
from producers.poll_modes import PollModes
from producers.watermarks import Watermark

T = TypeVar("T", bound=models.Listed)
P = TypeVar("P", bound=PairPoller[Any])


class AccountsPoller:
    """Polls both sides of the billing flow, BSS first."""

    def __init__(
        self,
        settings: Settings,
        *,
        accounts: BssPoller[models.Account],
        contacts: BssPoller[models.Contact],
        companies: CompanyPoller,
        company_contacts: ContactPoller,
    ) -> None:
        self._settings = settings
        self.accounts = accounts
        self.contacts = contacts
        self.companies = companies
        self.company_contacts = company_contacts

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

        def of_bss(collection: Collection[T], polled: PolledCollection) -> BssPoller[T]:
            return BssPoller(
                collection,
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
            accounts=of_bss(bss.accounts, ACCOUNTS),
            contacts=of_bss(bss.contacts, CONTACTS),
            companies=of_connectwise(CompanyPoller, connectwise.companies, "companies"),
            company_contacts=of_connectwise(ContactPoller, connectwise.contacts, "contacts"),
        )

    def schedules(self) -> Sequence[Schedule]:
        """One poll for each collection, and the full sync of both sides."""
        bss, connectwise = self._settings.of(BssSettings), self._settings.of(ConnectWiseSettings)
        return (
            Schedule("bss_accounts_poll", bss.poll_interval, self.accounts.poll),
            Schedule("bss_contacts_poll", bss.poll_interval, self.contacts.poll),
            Schedule("connectwise_companies_poll", connectwise.poll_interval, self.companies.poll),
            Schedule("connectwise_contacts_poll", connectwise.poll_interval, self.company_contacts.poll),
            Schedule("bss_full_sync", bss.full_sync_interval, self.full_sync, starts_late=True),
        )

    async def poll(self, *, full: bool) -> Polled:
        """Look at both sides once, so that pushes are enqueued first."""
        if full:
            return await self.full_sync()
        return _sum(
            [
                await self.accounts.poll(),
                await self.contacts.poll(),
                await self.companies.poll(),
                await self.company_contacts.poll(),
            ]
        )

    async def full_sync(self) -> Polled:
        """Enqueue everything on both sides, whatever its time stamps say."""
        return _sum(
            [
                await self.accounts.full_sync(),
                await self.contacts.full_sync(),
                await self.companies.full_sync(),
                await self.company_contacts.full_sync(),
            ]
        )


def _sum(polled: Sequence[Polled]) -> Polled:
    return Polled(seen=sum(one.seen for one in polled), enqueued=sum(one.enqueued for one in polled))
