"""Sites: found by name within their company, else created."""

from __future__ import annotations

import structlog

from cwbridge import errors
from cwbridge.connectors import write_guard
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.ledger.links import How, Link
from cwbridge.text import folded
from worker.psa.companies import address_fields
from worker.psa.context import PsaContext
from worker.psa.identities import relink_command, within
from worker.psa.records import DesiredSite, PostalAddress

log = structlog.get_logger(__name__)


class Sites:
    """Finds or creates sites within a company."""

    def __init__(self, psa: PsaContext) -> None:
        self._psa = psa

    async def forget(self, company: int, desired: DesiredSite) -> None:
        """Look up the site again next time."""
        await self._psa.links.remove("site", within(desired.identity, company))

    async def ensure(self, company: int, desired: DesiredSite) -> Link:
        """By link, then by name within the company; else created. Raises Ambiguous when several sites have the name."""
        identity = within(desired.identity, company)
        link = await self._psa.links.get("site", identity)
        if link is not None:
            return link
        sites = self._psa.client.sites(company)
        async with self._psa.locks.hold(f"site:{company}:{folded(desired.name)}"):
            found = await _find(sites, company, desired)
            how: How = "name" if found is not None else "created"
            site = found if found is not None else await self._create(sites, company, desired)
        link = Link(target=site, how=how)
        await self._psa.links.put("site", identity, link)
        return link

    async def _create(
        self, sites: connectwise.Resource[models.Site], company: int, desired: DesiredSite
    ) -> int:
        draft = {
            "name": desired.name,
            **_site_address(desired.address),
            **await self._psa.setup_tables.country(desired.address.country),
            **await self._psa.setup_tables.state(desired.address.state, desired.address.country),
        }
        await write_guard.confirm()
        try:
            site = await sites.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            found = await _find(sites, company, desired)
            if found is None:
                raise
            return found
        self._psa.objects.count("site", "created")
        log.info("site_created", site_id=site.id, name=desired.name)
        return site.id


async def _find(sites: connectwise.Resource[models.Site], company: int, desired: DesiredSite) -> int | None:
    named = [row for row in await sites.find() if folded(row.name) == folded(desired.name)]
    active = [row for row in named if not row.inactiveFlag]
    if len(active) > 1:
        raise errors.Ambiguous(
            f"Company {company} has {len(active)} sites named {desired.name!r}",
            detail=", ".join(f"id {row.id}" for row in active),
            remedy="Rename or inactivate all but one of them in ConnectWise and requeue, or choose one: "
            f"{relink_command(within(desired.identity, company))}",
        )
    return active[0].id if active else None


def _site_address(address: PostalAddress) -> dict[str, str]:
    """A site's state is a reference, unlike the company's; the rest is text."""
    return {name: value for name, value in address_fields(address).items() if name != "state"}
