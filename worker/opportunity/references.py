"""Finds the records that an opportunity refers to: sales rep, company, contact and site, each matched or created.

Matching is exact but for case and blanks; several hits are refused with the candidates named.
"""

from __future__ import annotations

import msgspec

from worker.opportunity.desired import DesiredOpportunity
from worker.psa import members
from worker.psa.companies import Companies
from worker.psa.contacts import Contacts
from worker.psa.context import PsaContext
from worker.psa.sites import Sites


class References(msgspec.Struct, frozen=True, kw_only=True):
    """The ids an opportunity refers to."""

    rep: int
    company: int
    contact: int
    site: int
    how: tuple[str, ...] = ()
    """Which record was matched by which rule, for the history."""


class Resolver:
    """Finds or creates what an opportunity refers to."""

    def __init__(
        self, psa: PsaContext, *, default_sales_rep: str | None, allow_duplicate_contacts: bool
    ) -> None:
        self._links = psa.links
        self._members = members.Members(
            psa.client,
            noun="project owner",
            default=default_sales_rep,
            setting="connectwise.default_sales_rep",
        )
        self._companies = Companies(psa)
        self._contacts = Contacts(
            psa,
            allow_duplicates=allow_duplicate_contacts,
            setting="opportunity.allow_duplicate_contacts",
        )
        self._sites = Sites(psa)

    async def resolve(self, desired: DesiredOpportunity, *, company_seen: int | None = None) -> References:
        """All references of the opportunity, in the order in which they depend on each other.

        `company_seen` is a company that was just read and is not in the recycle bin.
        """
        rep = await self._members.find(desired.rep)
        company = await self._companies.ensure(desired.company, desired.contact, seen=company_seen)
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

    async def forget(self, desired: DesiredOpportunity, reference: str) -> None:
        """Drop the link of `reference` only, because a person may have chosen the other links."""
        if reference == "company":
            await self._companies.forget(desired.company)
        if reference == "primarysalesrep":
            self._members.forget()
        link = await self._links.get("company", desired.company.identity)
        if link is not None and reference == "contact":
            await self._contacts.forget(link.target, desired.contact)
        if link is not None and reference == "site":
            await self._sites.forget(link.target, desired.site)
