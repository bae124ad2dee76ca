"""The opportunity flow as the platform sees it: Jetbuilt projects, options and change orders become ConnectWise sales opportunities."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cwbridge import errors
from cwbridge.access import Access
from cwbridge.checks import Check, Looker, NameList
from cwbridge.connectors.connectwise import record_page
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.connectors.jetbuilt.system import JETBUILT
from cwbridge.flow import Flow, FlowContext
from cwbridge.keys import KeyFormat
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.linker import Linker, LinkKind, LinkName
from cwbridge.settings import Settings
from cwbridge.text import folded
from worker.opportunity.project_key import FLOW, ProjectKey
from worker.opportunity.settings import CatalogSettings, OpportunitySettings
from worker.psa.settings import DefaultFieldsSettings

if TYPE_CHECKING:
    from cwbridge.queue.runner import Handler

_NUMBER = r"[1-9]\d{0,18}"
_SITE = "jetbuilt:site:"


class Opportunities(Flow):
    """`jetbuilt/project/{family}[/option/{id}]` -> the opportunity whose `source` is `jetbuilt:{family}[:option:{id}]`."""

    name = FLOW
    title = "Jetbuilt -> ConnectWise opportunities"
    systems = (JETBUILT, CONNECTWISE)
    key_format = KeyFormat(
        pattern=re.compile(rf"jetbuilt/project/{_NUMBER}(?:/option/{_NUMBER})?"),
        examples=("jetbuilt/project/97737", "jetbuilt/project/97737/option/12"),
    )
    link_kinds = (
        LinkKind(name="opportunity", plural="opportunities", example="jetbuilt/project/97737"),
        LinkKind(
            name="company",
            plural="companies",
            example="jetbuilt:client:8801",
            identity=re.compile(rf"jetbuilt:client:{_NUMBER}"),
        ),
        LinkKind(
            name="contact",
            plural="contacts",
            example="jetbuilt:contact:55@120",
            identity=re.compile(rf"jetbuilt:contact:(?:{_NUMBER}|none)@{_NUMBER}"),
        ),
        LinkKind(
            name="site",
            plural="sites",
            example="jetbuilt:site:main@120",
            identity=re.compile(rf"{_SITE}.+@{_NUMBER}"),
        ),
    )
    has_linker = True
    external_id_field = "Source"
    tables = (OpportunitySettings, DefaultFieldsSettings, CatalogSettings)

    def keys_of(self, number: str) -> tuple[str, ...]:
        """A number means a project and its options."""
        return (f"jetbuilt/project/{number}",)

    def link_name(self, text: str) -> LinkName | None:
        """Case and blanks do not count in the name of a site."""
        named = super().link_name(text)
        if named is None or named.kind != "site":
            return named
        site, _, company = named.identity.removeprefix(_SITE).rpartition("@")
        return LinkName("site", f"{_SITE}{folded(site)}@{company}") if folded(site) else None

    def external_id(self, key: str) -> str:
        """The text in the field Source of the opportunity."""
        return ProjectKey.parse(key).external_id

    def key_of(self, external_id: str | None) -> str | None:
        """The key of an opportunity by its field Source; None for opportunities of other users."""
        try:
            return str(ProjectKey.of_external_id(external_id or ""))
        except errors.Refused:
            return None

    def pages(self, settings: Settings, key: str, link: Link | None) -> Mapping[str, str]:
        """The project in Jetbuilt and the opportunity in ConnectWise; the project that was exported last when it has versions."""
        from worker.opportunity.assembly import project_page  # noqa: PLC0415 - the command line names flows without running them

        exported = link.state.partition("@")[0] if link is not None else ""
        project = exported or str(ProjectKey.parse(key).family)
        found = {"Jetbuilt project": project_page(settings).format(id=project)}
        if link is not None:
            page = record_page.address(settings.of(ConnectWiseSettings), "opportunity", link.target)
            found |= {"ConnectWise opportunity": page} if page is not None else {}
        return found

    def access(self) -> Sequence[Access]:
        """The endpoints of its systems that the flow calls."""
        from worker.opportunity.access import ACCESS  # noqa: PLC0415 - the command line names flows without running them

        return ACCESS

    def names(self, settings: Settings) -> Sequence[NameList]:
        """The lists of names that its settings choose from."""
        from worker.opportunity import checks  # noqa: PLC0415 - as above

        return checks.names(settings)

    def checks(self, looker: Looker) -> Sequence[Check]:
        """What only this flow can look at."""
        from worker.opportunity import checks  # noqa: PLC0415 - as above

        return checks.flow_checks(looker)

    @asynccontextmanager
    async def open_handler(self, context: FlowContext) -> AsyncIterator[Handler]:
        """The handler over the open connections of `context`."""
        from worker.opportunity import assembly  # noqa: PLC0415 - the command line names flows without running them

        flow = assembly.opportunity_flow(
            context.settings,
            context.redis,
            context.connections.client(JETBUILT),
            context.connections.client(CONNECTWISE),
            context.history,
        )
        yield flow.handle

    def describe(self, key: str, event: Event) -> str:  # noqa: ARG002  a project becomes an opportunity only
        """What a run did to an opportunity."""
        if event.what in {"created", "updated"}:
            counts = event.counts
            lines = f"+{counts['created']} -{counts['deleted']} lines, {event.amounts['total']}"
            return f"opportunity {event.target} {event.what}: {lines}, {event.calls} calls, {event.seconds:.1f} s"
        if event.what == "checked":
            return f"opportunity {event.target} checked: nothing to write"
        return f"{event.what}: {event.cause}"

    def linker(self, context: FlowContext) -> Linker:
        """Corrects links of opportunities, companies, contacts and sites."""
        from worker.opportunity.linking import OpportunityLinker  # noqa: PLC0415 - as above

        return OpportunityLinker(context)
