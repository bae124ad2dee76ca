"""The people and places of an opportunity: sales rep, company, contact and site, each matched or created.

Matching is exact but for case and blanks; several hits are refused with the candidates named.
"""

from __future__ import annotations

import msgspec

from cwbridge.ledger.links import Links
from worker.opportunity.desired import DesiredOpportunity
from worker.psa import members
from worker.psa.companies import Companies
from worker.psa.contacts import Contacts
from worker.psa.sites import Sites


class References(msgspec.Struct, frozen=True, kw_only=True):
    """The ids an opportunity refers to."""

    rep: int
    company: int
    contact: int
    site: int
    how: tuple[str, ...] = ()
    """What was matched to what and by which rule, for a person."""


class Resolver:
    """Finds or creates what an opportunity refers to."""

    def __init__(
        self, members: members.Members, companies: Companies, contacts: Contacts, sites: Sites, links: Links
    ) -> None:
        self._members = members
        self._companies = companies
        self._contacts = contacts
        self._sites = sites
        self._links = links

    async def resolve(self, desired: DesiredOpportunity) -> References:
        """All references of the opportunity, in the order in which they depend on each other."""
        rep = await self._members.find(desired.rep)
        company = await self._companies.ensure(desired.company)
        site = await self._sites.ensure(company.target, desired.site)
        contact = await self._contacts.ensure(company.target, desired.contact)
        return References(
            rep=rep.id,
            company=company.target,
            contact=contact.target,
            site=site.target,
            how=(
                f"sales rep {rep.identifier} ({members.rule(rep, desired.rep)})",
                f"company {company.target} ({company.how})",
                f"site {site.target} ({site.how})",
                f"contact {contact.target} ({contact.how})",
            ),
        )

    async def forget(self, desired: DesiredOpportunity, refused: str) -> None:
        """Drop the link of the field that ConnectWise `refused`: company, contact or site; the others may be answers of people."""
        source = str(desired.company.jetbuilt_id)
        link = await self._links.get("company", source)
        if link is not None and refused == "contact":
            await self._contacts.forget(link.target, desired.contact)
        if link is not None and refused == "site":
            await self._sites.forget(link.target, desired.site)
        if refused == "company":
            await self._links.remove("company", source)
        self._members.forget()
