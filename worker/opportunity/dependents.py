"""Finds opportunities that were written with another record than the one a person chose."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.connectors.records import Link as Reference
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.hints import Hints
from cwbridge.linker import LinkName
from worker.opportunity import projection
from worker.opportunity.desired import DesiredOpportunity, Rules
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.source import SourceEnded, SourceReader
from worker.opportunity.target import Found, Target

_OWN_SOURCES = "jetbuilt:%"


class Dependents:
    """Finds in ConnectWise and Jetbuilt the opportunities that a choice affects."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        source: jetbuilt.JetbuiltClient,
        active: Hints,
        api_member: ApiMember,
        rules: Rules,
    ) -> None:
        self._client = client
        self._source = source
        self._reader = SourceReader(source)
        self._active = active
        self._target = Target(client, api_member)
        self._rules = rules

    async def mistaken(self, name: LinkName, target: int) -> list[ProjectKey]:
        """Opportunities of this flow that hold another record than `target`, although the name is that of their own.

        Any other record counts, because several choices may have been made and a command may have been broken off. Closed
        and converted opportunities are left out, because runs no longer write them.
        """
        found = await self._ours_beside(name, target)
        if not found:
            return []
        if name.kind == "company":
            families = await self._families(_client_of(name))
            asking = [key for key in found if key.family in families]
        else:
            asking = [key for key in found if await self._asks(key, name)]
        return [key for key in asking if not await self._target.is_over(Found(found[key], "external_id"))]

    async def check(self, name: LinkName) -> None:
        """Raise Refused when Jetbuilt has no such project, option or client."""
        try:
            if name.kind == "opportunity":
                await self._check_key(ProjectKey.parse(name.identity))
            elif name.kind == "company":
                await self._source.client(_client_of(name))
        except (errors.NotFound, SourceEnded) as error:
            noun = "client" if name.kind == "company" else "project or option"
            raise errors.Refused(
                f"Jetbuilt has no {noun} of the name {name}",
                remedy=f"Look up the id of the {noun} in Jetbuilt; nothing was changed.",
            ) from error

    async def _check_key(self, key: ProjectKey) -> None:
        project = await self._reader.project(key, await self._active.hint(key.family))
        known = {option.id for option in await self._reader.options(project)} if key.option else {None}
        if key.option not in known:
            raise errors.NotFound("The project has no such option", detail=str(key))

    async def _ours_beside(self, name: LinkName, target: int) -> dict[ProjectKey, models.Opportunity]:
        """Filters by one field, because servers do not evaluate compound conditions reliably; the rest is compared here."""
        company = company_of(name)
        rows = await self._client.opportunities.find(
            field("source").like(_OWN_SOURCES) if company is None else field("company/id").equals(company),
            fields=("source", "status", "closedDate", "company", name.kind),
        )
        own = {key_of(row.source): row for row in rows if _id(getattr(row, name.kind)) != target}
        return {key: row for key, row in own.items() if key is not None}

    async def _families(self, client: int) -> set[int]:
        families: set[int] = set()
        page: int | None = 1
        while page is not None:
            answer = await self._source.projects_page(page=page)
            families |= {one.family for one in answer.items if one.client and one.client.id == client}
            page = answer.next_page
        return families

    async def _asks(self, key: ProjectKey, name: LinkName) -> bool:
        """Whether the next run of `key` would look for this contact or site."""
        try:
            project = await self._reader.project(key, await self._active.hint(key.family))
            desired = projection.project(await self._reader.complete(key, project), self._rules)
        except errors.Refused:
            # The project has ended or is not exported; its own job reports that.
            return False
        return name.identity.rpartition("@")[0] == _identity(desired, name)


def key_of(external_id: str | None) -> ProjectKey | None:
    """The key that has this external id; None for any other text in the field."""
    try:
        return ProjectKey.of_external_id(external_id or "")
    except errors.Refused:
        return None


def company_of(name: LinkName) -> int | None:
    """The ConnectWise company of a contact or site, as its identity names it (`...@120`)."""
    _, at, company = name.identity.rpartition("@")
    return int(company) if at else None


def _client_of(name: LinkName) -> int:
    return int(name.identity.rpartition(":")[2])


def _id(record: Reference | None) -> int | None:
    return None if record is None else record.id


def _identity(desired: DesiredOpportunity, name: LinkName) -> str:
    """The identity, without the company, that a run would look for."""
    return desired.contact.identity if name.kind == "contact" else desired.site.identity
