"""Companies: found by link or by exact name, else created; a company in the recycle bin is never used."""

from __future__ import annotations

from typing import Any

import structlog

from cwbridge import errors
from cwbridge.connectors import write_guard
from cwbridge.connectors.connectwise import models
from cwbridge.ledger.links import How, Link
from cwbridge.text import clip, folded, shorten
from worker.psa.company_search import MAX_NAME, CompanySearch
from worker.psa.context import PsaContext
from worker.psa.default_fields import naming_default_field
from worker.psa.identities import company_identifier, relink_command
from worker.psa.records import DesiredCompany, DesiredContact, PostalAddress

log = structlog.get_logger(__name__)


class Companies:
    """Finds or creates companies; creates of one name happen under a lock, so that two jobs make one company."""

    def __init__(self, psa: PsaContext) -> None:
        self._psa = psa
        self._companies = psa.client.companies
        self._search = CompanySearch(psa)

    async def ensure(
        self, desired: DesiredCompany, contact: DesiredContact | None = None, *, seen: int | None = None
    ) -> Link:
        """By link, which survives renaming on either side; then by exact name; else created.

        `contact` belongs to the company: a merge moves it to the company that stays, so it identifies that company. `seen` is a company
        that was just read and is not in the recycle bin. Raises Ambiguous when several companies fit, Refused when the company is in the
        recycle bin and no other company replaces it.
        """
        link = await self._psa.links.get("company", desired.identity)
        if link is not None and link.target == seen:
            return link
        kept = await self._still_good(desired, contact, link) if link is not None else None
        new = kept or await self._match_or_create(desired, contact)
        if new != link:
            await self._psa.links.put("company", desired.identity, new)
        return new

    async def forget(self, desired: DesiredCompany) -> None:
        """Look up the company again next time."""
        await self._psa.links.remove("company", desired.identity)

    async def _still_good(
        self, desired: DesiredCompany, contact: DesiredContact | None, link: Link
    ) -> Link | None:
        """The link, or a link to the company that replaces it; None when it was deleted for good without a replacement."""
        try:
            company = await self._companies.get(link.target)
        except errors.NotFound:
            return await self._successor(desired, contact, link.target, names=())
        return await self._of_binned(desired, contact, company) if company.deletedFlag else link

    async def _of_binned(
        self, desired: DesiredCompany, contact: DesiredContact | None, binned: models.Company
    ) -> Link:
        """The company that replaces one in the recycle bin; raises Refused that names the bin when there is none."""
        found = await self._successor(
            desired, contact, binned.id, names=(binned.name,), identifiers=(binned.identifier,)
        )
        if found is None:
            raise errors.Refused(
                "The company is in the recycle bin of ConnectWise, and no other company replaces it",
                detail=f"{desired.identity}: company {binned.id} {binned.name!r}, identifier {binned.identifier}",
                remedy="Restore it from the recycle bin and requeue, or choose another company: "
                f"{relink_command(desired.identity)}",
            )
        return found

    async def _successor(
        self,
        desired: DesiredCompany,
        contact: DesiredContact | None,
        target: int,
        *,
        names: tuple[str, ...],
        identifiers: tuple[str, ...] = (),
    ) -> Link | None:
        """The company outside the bin with the identifier, else with the name, else with the contact, of company `target`."""
        ways: tuple[tuple[How, Any], ...] = (
            ("name", lambda: self._search.identified([company_identifier(desired), *identifiers])),
            ("name", lambda: self._search.named(desired.name, desired.as_written, *names)),
            ("email", lambda: self._search.of_contact(contact, target)),
        )
        for how, search in ways:
            living = [row for row in await search() if not row.deletedFlag and row.id != target]
            if len(living) > 1:
                raise errors.Ambiguous(
                    "Several companies may replace one that was merged or deleted in ConnectWise",
                    detail=f"{desired.identity}: company {target} is deleted or in the recycle bin; candidates "
                    + _listed(living),
                    remedy=f"Choose one: {relink_command(desired.identity)}",
                )
            if living:
                log.info(
                    "company_succeeded",
                    company_id=target,
                    successor_id=living[0].id,
                    identity=desired.identity,
                )
                return Link(target=living[0].id, how=how)
        return None

    async def _match_or_create(self, desired: DesiredCompany, contact: DesiredContact | None) -> Link:
        parent = await self.ensure(desired.parent) if desired.parent is not None else None
        async with self._psa.locks.hold(f"company:{folded(desired.name)}"):
            found = await self._find(desired)
            if found is not None:
                return Link(target=found.id, how="name")
            return await self._create(desired, contact, parent)

    async def _find(self, desired: DesiredCompany) -> models.Company | None:
        """By exact name; companies in the bin are filtered out here, because servers do not evaluate compound conditions reliably."""
        rows = await self._search.named(desired.name, desired.as_written)
        living = [row for row in rows if not row.deletedFlag]
        if len(living) > 1:
            raise errors.Ambiguous(
                f"ConnectWise has {len(living)} companies named {desired.name!r}",
                detail=_listed(living),
                remedy="Rename or delete all but one of them in ConnectWise and requeue, "
                f"or choose one: {relink_command(desired.identity)}",
            )
        return living[0] if living else None

    async def _create(
        self, desired: DesiredCompany, contact: DesiredContact | None, parent: Link | None
    ) -> Link:
        draft = await self._draft(desired, parent)
        await write_guard.confirm()
        try:
            with naming_default_field("company"):
                company = await self._companies.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            # The identifier holds a digest of the identity, so the company that has it was created for this identity.
            made = await self._search.identified([draft["identifier"]])
            living = next((row for row in made if not row.deletedFlag), None)
            if living is not None:
                return Link(target=living.id, how="created")
            if not made:
                raise
            return await self._of_binned(desired, contact, made[0])
        self._psa.objects.count("company", "created")
        log.info("company_created", company_id=company.id, name=desired.name)
        return Link(target=company.id, how="created")

    async def _draft(self, desired: DesiredCompany, parent: Link | None) -> dict[str, Any]:
        draft: dict[str, Any] = {
            **await self._psa.default_fields.of("company"),
            "identifier": company_identifier(desired),
            "name": shorten(desired.name, MAX_NAME),
            "site": {"name": "Main"},
            **address_fields(desired.address),
            **await self._psa.setup_tables.country(desired.address.country),
        }
        if desired.phone:
            draft["phoneNumber"] = clip(desired.phone, 30)
        if desired.website:
            draft["website"] = clip(desired.website, 255)
        if parent is not None:
            draft["parentCompany"] = {"id": parent.target}
        return draft


def address_fields(address: PostalAddress) -> dict[str, str]:
    """The address as text fields, the empty ones left out; lengths are those of the specification."""
    parts = {
        "addressLine1": clip(address.line1, 50),
        "addressLine2": clip(address.line2, 50),
        "city": clip(address.city, 50),
        "state": clip(address.state, 50),
        "zip": clip(address.zip, 12),
    }
    return {name: value for name, value in parts.items() if value}


def _listed(companies: list[models.Company]) -> str:
    return ", ".join(f"{row.identifier} (id {row.id})" for row in companies)
