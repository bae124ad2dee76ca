"""The site of an opportunity: one of the company's, found by name, else created."""

from __future__ import annotations

import shlex

import structlog

from cwbridge import errors, locks, metrics
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.ledger.links import How, Link, Links
from cwbridge.text import folded
from worker.opportunity.desired import Address, DesiredSite
from worker.psa.companies import address_fields
from worker.psa.setup_tables import SetupTables

log = structlog.get_logger()


class Sites:
    """Finds or creates sites within a company."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        locker: locks.Locks,
        links: Links,
        setup_tables: SetupTables,
    ) -> None:
        self._client = client
        self._locks = locker
        self._links = links
        self._setup_tables = setup_tables

    async def forget(self, company: int, desired: DesiredSite) -> None:
        """Look for it anew next time."""
        await self._links.remove("site", _source(company, desired))

    async def ensure(self, company: int, desired: DesiredSite) -> Link:
        source = _source(company, desired)
        link = await self._links.get("site", source)
        if link is not None:
            return link
        sites = self._client.sites(company)
        async with self._locks.hold(f"site:{company}:{folded(desired.name)}"):
            found = await _find(sites, company, desired)
            how: How = "name" if found is not None else "created"
            site = found if found is not None else await self._create(sites, company, desired)
        link = Link(target=site, how=how)
        await self._links.put("site", source, link)
        return link

    async def _create(
        self, sites: connectwise.Resource[models.Site], company: int, desired: DesiredSite
    ) -> int:
        draft = {
            "name": desired.name,
            **_site_address(desired.address),
            **await self._setup_tables.country(desired.address.country),
            **await self._setup_tables.state(desired.address.state, desired.address.country),
        }
        try:
            site = await sites.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            found = await _find(sites, company, desired)
            if found is None:
                raise
            return found
        metrics.OBJECTS.labels("site", "created").inc()
        log.info("site_created", id=site.id, name=desired.name)
        return site.id


async def _find(sites: connectwise.Resource[models.Site], company: int, desired: DesiredSite) -> int | None:
    named = [row for row in await sites.find() if folded(row.name) == folded(desired.name)]
    active = [row for row in named if not row.inactiveFlag]
    if len(active) > 1:
        raise errors.Ambiguous(
            f"Company {company} has {len(active)} sites named {desired.name!r}",
            detail=", ".join(f"id {row.id}" for row in active),
            remedy="Rename or inactivate all but one of them in ConnectWise and requeue, or choose one: "
            f"cwbridge links relink {shlex.quote(f'site:{_source(company, desired)}')} --to ID",
        )
    return active[0].id if active else None


def _source(company: int, desired: DesiredSite) -> str:
    return f"{folded(desired.name)}@{company}"


def _site_address(address: Address) -> dict[str, str]:
    """A site's state is a reference, unlike the company's; the rest is text."""
    return {name: value for name, value in address_fields(address).items() if name != "state"}
