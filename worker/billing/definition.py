"""The billing flow as the platform sees it: accounts, contacts and billing documents of BSS and their records in ConnectWise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cwbridge.access import Access
from cwbridge.checks import Check, Looker, NameList
from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise import record_page
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import Flow, FlowContext
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.linker import Linker, LinkKind, LinkName
from cwbridge.settings import Settings
from worker.billing import keys
from worker.billing.keys import BillingKey
from worker.billing.settings import BillingSettings
from worker.psa.settings import DefaultFieldsSettings

if TYPE_CHECKING:
    from cwbridge.queue.runner import Handler


class Billing(Flow):
    """`bss/{noun}/{id}`; companies and contacts of ConnectWise have keys of their own until they are linked."""

    name = keys.FLOW
    title = "interworks.cloud BSS <-> ConnectWise companies, contacts and billing documents"
    systems = (BSS, CONNECTWISE)
    key_format = keys.FORMAT
    link_kinds = (
        LinkKind(name="company", plural="companies", example="bss:account:42", identity=keys.IDENTITY),
        LinkKind(name="contact", plural="contacts", example="bss:contact:7", identity=keys.IDENTITY),
        *(
            LinkKind(
                name=name,
                plural=plural,
                example=f"bss:{noun}:ID",
                identity=keys.IDENTITY,
                is_rebuilt=False,
            )
            for noun, name, plural in (
                ("product", "catalog_item", "catalog items"),
                ("order", "order", "orders"),
                ("invoice", "invoice", "invoices"),
                ("payment", "payment", "payments"),
                ("subscription", "addition", "additions"),
            )
        ),
    )
    has_linker = True
    tables = (BillingSettings, DefaultFieldsSettings)

    def pushed(self, settings: Settings) -> frozenset[str]:
        """The records that `billing.push` names."""
        return frozenset(settings.of(BillingSettings).push)

    def keys_of(self, number: str) -> tuple[str, ...]:
        """A number means an account."""
        return (str(keys.account_key(int(number))),)

    def link_of(self, key: str) -> LinkName:
        """The identity of a link has colons: `bss:account:42`."""
        return BillingKey.parse(key).link

    def link_name(self, text: str) -> LinkName | None:
        """By key or by identity."""
        named = keys.of_identity(text)
        if named is None and self.key_format.accepts(text):
            named = BillingKey.parse(text)
        return None if named is None else named.link

    def record_of(self, key: str) -> tuple[str, int] | None:
        """A key of ConnectWise names its record."""
        named = BillingKey.parse(key) if self.key_format.accepts(key) else None
        return (named.kind, named.number) if named is not None and named.system == "connectwise" else None

    def key_of_link(self, name: LinkName) -> str | None:
        """The key whose job writes the record."""
        key = keys.of_identity(name.identity)
        return None if key is None else str(key)

    def external_id(self, key: str) -> str:
        """The identifier of a company that was made for an account is the account's id."""
        return BillingKey.parse(key).identity

    def key_of(self, external_id: str | None) -> str | None:
        """The key of a record of BSS by its link identity."""
        key = keys.of_identity(external_id or "")
        return None if key is None else str(key)

    def pages(self, settings: Settings, key: str, link: Link | None) -> Mapping[str, str]:
        """The record in ConnectWise, an addition by its agreement; the addresses of BSS pages are not public."""
        named = self.record_of(key)
        if link is not None:
            kind = self.link_of(key).kind
            named = ("agreement", link.parent) if kind == "addition" else (kind, link.target)
        page = record_page.address(settings.of(ConnectWiseSettings), *named) if named is not None else None
        return {f"ConnectWise {named[0]}": page} if named is not None and page is not None else {}

    def access(self) -> Sequence[Access]:
        """The endpoints of its systems that the flow calls."""
        from worker.billing.access import ACCESS  # noqa: PLC0415 - the command line names flows without running them

        return ACCESS

    def names(self, settings: Settings) -> Sequence[NameList]:
        """The lists of names that its settings choose from."""
        from worker.billing import checks  # noqa: PLC0415 - as above

        return checks.names(settings)

    def checks(self, looker: Looker) -> Sequence[Check]:
        """What only this flow can look at."""
        from worker.billing import checks  # noqa: PLC0415 - as above

        return checks.flow_checks(looker)

    @asynccontextmanager
    async def open_handler(self, context: FlowContext) -> AsyncIterator[Handler]:
        """The handler over the open connections of `context`."""
        from worker.billing import assembly  # noqa: PLC0415 - the command line names flows without running them

        yield assembly.billing_flow(context).handle

    def describe(self, key: str, event: Event) -> str:
        """What a run did to a record or a pair."""
        if event.target is None:
            return f"{event.what}: {event.cause}"
        named = BillingKey.parse(key)
        # What was created for a record of ConnectWise is a record of BSS, which the cause names.
        done = event.what if named.system == "bss" else ""
        told = ": ".join(filter(None, (f"{named.record} {event.target} {done}".rstrip(), event.cause)))
        return f"{told}, {event.calls} calls, {event.seconds:.1f} s"

    def linker(self, context: FlowContext) -> Linker:
        """Corrects links."""
        from worker.billing.linking import BillingLinker  # noqa: PLC0415 - as above

        return BillingLinker(context)
