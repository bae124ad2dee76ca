"""Finds companies by name, by identifier and by the people in them; those in the recycle bin are found as well."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.text import UNSEEN, folded, shorten
from worker.psa.context import PsaContext
from worker.psa.identities import within
from worker.psa.records import DesiredContact

MAX_NAME = 50
"""Of a company in the oldest version in use, 2022.1; 156 in 2026.4 (specifications)."""
_ANY = re.compile(rf"[\s\[\]{''.join(map(chr, UNSEEN))}]+")


class CompanySearch:
    """One request for each kind of search; names and identifiers are compared again here, without case and blanks."""

    def __init__(self, psa: PsaContext) -> None:
        self._psa = psa

    async def named(self, *names: str) -> list[models.Company]:
        """Companies that have one of `names`, whole or shortened as a create shortens it; empty names find nothing."""
        known = {folded(form) for name in names if name for form in (name, shorten(name, MAX_NAME))}
        found: dict[int, models.Company] = {}
        for asked in dict.fromkeys(pattern(name) for name in names if name):
            rows = await self._psa.client.companies.find(field("name").like(asked))
            found |= {row.id: row for row in rows if folded(row.name) in known}
        return list(found.values())

    async def identified(self, identifiers: Iterable[str]) -> list[models.Company]:
        """Companies that have one of `identifiers`."""
        return await self._psa.client.companies.find(field("identifier").one_of(sorted(set(identifiers))))

    async def of_contact(self, contact: DesiredContact | None, company: int) -> list[models.Company]:
        """The companies in which the contact that was in `company` is now: its linked record, else by e-mail."""
        if contact is None or contact.stand_in:
            return []
        contacts = self._psa.client.contacts
        link = await self._psa.links.get("contact", within(contact.identity, company))
        rows = await contacts.find(field("id").equals(link.target)) if link is not None else []
        if not rows and contact.email:
            rows = await contacts.find(child=field("communicationItems/value").equals(contact.email))
        numbers = sorted({row.company.id for row in rows if row.company is not None and not row.inactiveFlag})
        return await self._psa.client.companies.find(field("id").one_of(numbers)) if numbers else []


def pattern(name: str) -> str:
    """A `like` pattern that finds `name` with any blanks and invisible characters; it may match more."""
    kept = shorten(name, MAX_NAME)
    beginning = name if kept == name else kept.rpartition("~")[0] + " "
    return _ANY.sub("%", beginning)
