"""The people and places of an opportunity: sales rep, company, contact and site, each matched or created.

Matching is exact but for case and blanks; several hits are refused with the candidates named.
"""

from __future__ import annotations

import msgspec

from cwbridge.ledger.links import Links
from worker.opportunity.desired import DesiredOpportunity
from worker.psa import members as reps
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
        self, members: reps.Reps, companies: Companies, contacts: Contacts, sites: Sites, links: Links
    ) -> None:
        self._reps = members
        self._companies = companies
        self._contacts = contacts
        self._sites = sites
        self._links = links

    async def resolve(self, wanted: DesiredOpportunity) -> References:
        """All references of the opportunity, in the order in which they depend on each other."""
        rep = await self._reps.find(wanted.rep)
        company = await self._companies.ensure(wanted.company)
        site = await self._sites.ensure(company.target, wanted.site)
        contact = await self._contacts.ensure(company.target, wanted.contact)
        return References(
            rep=rep.id,
            company=company.target,
            contact=contact.target,
            site=site.target,
            how=(
                f"sales rep {rep.identifier} ({reps.rule(rep, wanted.rep)})",
                f"company {company.target} ({company.how})",
                f"site {site.target} ({site.how})",
                f"contact {contact.target} ({contact.how})",
            ),
        )

    async def forget(self, wanted: DesiredOpportunity, refused: str) -> None:
        """Drop the link of the field that ConnectWise `refused`: company, contact or site; the others may be answers of people."""
        source = str(wanted.company.jetbuilt_id)
        link = await self._links.get("company", source)
        if link is not None and refused == "contact":
            await self._contacts.forget(link.target, wanted.contact)
        if link is not None and refused == "site":
            await self._sites.forget(link.target, wanted.site)
        if refused == "company":
            await self._links.remove("company", source)
        self._reps.forget()
