"""The people and places of an opportunity: sales rep, company, contact and site, each matched or created.

Matching is exact but for case and blanks; several hits are refused with the candidates named. Creates of one company happen
under a lock, after a fresh look, so that two projects of a new client make one company.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import structlog

from cwbridge import errors, locks, metrics, settings
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.links import How, Link, Links
from cwbridge.remembered import Remembered
from worker.opportunity.desired import (
    Address,
    DesiredCompany,
    DesiredOpportunity,
    DesiredPerson,
    DesiredRep,
    DesiredSite,
)
from worker.opportunity.fixed import fixable
from worker.opportunity.setup import Setup
from worker.opportunity.text import clip, digest, folded, shorten

log = structlog.get_logger()
_REMEMBERED_SECONDS = 600.0
# The smallest of the versions in use: identifier 25 and name 50 in 2022.1, both 156 in 2026.4 (specifications).
_COMPANY_IDENTIFIER_MOST = 25
_COMPANY_NAME_MOST = 50


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
        self,
        client: connectwise.ConnectWiseClient,
        locker: locks.Locks,
        links: Links,
        setup: Setup,
        *,
        default_rep: str | None,
        fixed: settings.FixedSettings,
    ) -> None:
        self._client = client
        self._locks = locker
        self._links = links
        self._setup = setup
        self._default_rep = default_rep
        self._fixed = fixed
        self._members = Remembered(client.members.find, seconds=_REMEMBERED_SECONDS)
        self._kinds = Remembered(client.communication_types.find, seconds=_REMEMBERED_SECONDS)

    async def resolve(self, wanted: DesiredOpportunity) -> References:
        """All references of the opportunity, in the order in which they depend on each other."""
        rep = await self._rep(wanted.rep)
        company = await self._company(wanted.company)
        site = await self._site(company.target, wanted.site)
        contact = await self._contact(company.target, wanted.contact)
        return References(
            rep=rep.id,
            company=company.target,
            contact=contact.target,
            site=site.target,
            how=(
                f"sales rep {rep.identifier} ({_rep_rule(rep, wanted.rep)})",
                f"company {company.target} ({company.how})",
                f"site {site.target} ({site.how})",
                f"contact {contact.target} ({contact.how})",
            ),
        )

    async def forget(self, wanted: DesiredOpportunity) -> None:
        """Drop the links: ConnectWise no longer takes what they point to."""
        source = str(wanted.company.jetbuilt_id)
        link = await self._links.get("company", source)
        if link is not None:
            await self._links.remove("contact", _contact_source(link.target, wanted.contact))
            await self._links.remove("site", _site_source(link.target, wanted.site))
        await self._links.remove("company", source)
        self._members.forget()

    async def _rep(self, wanted: DesiredRep) -> models.Member:
        """By e-mail, then by full name, else the configured default."""
        members = [member for member in await self._members.get() if not member.inactiveFlag]
        by_email = [member for member in members if wanted.email and folded(wanted.email) in _emails(member)]
        by_name = [
            member
            for member in members
            if wanted.full_name and _full_name(member) == folded(wanted.full_name)
        ]
        for found in (by_email, by_name):
            if len(found) == 1:
                return found[0]
        return self._default(members, wanted)

    def _default(self, members: list[models.Member], wanted: DesiredRep) -> models.Member:
        if self._default_rep is None:
            raise errors.MappingRefused(
                f"No ConnectWise member fits the project owner {wanted.full_name or '(none)'!r}",
                detail=wanted.email,
                remedy="Give the member that e-mail address, or set connectwise.default_sales_rep; then requeue.",
            )
        for member in members:
            if folded(self._default_rep) in {folded(member.identifier), _full_name(member)}:
                return member
        raise errors.MappingRefused(
            f"connectwise.default_sales_rep names {self._default_rep!r}, and no active member is called so",
            remedy="Name an active member's identifier (Member ID) in the setting, then requeue.",
        )

    async def _company(self, wanted: DesiredCompany) -> Link:
        """By link, which outlives a renaming on either side; then by exact name; else created."""
        source = str(wanted.jetbuilt_id)
        link = await self._links.get("company", source)
        if link is not None:
            return link
        parent = await self._company(wanted.parent) if wanted.parent is not None else None
        async with self._locks.hold(f"company:{folded(wanted.name)}"):
            found = await self._find_company(wanted)
            how: How = "name" if found is not None else "created"
            company = found if found is not None else await self._create_company(wanted, parent)
        link = Link(target=company.id, how=how)
        await self._links.put("company", source, link)
        return link

    async def _find_company(self, wanted: DesiredCompany) -> models.Company | None:
        """By exact name; recycle-bin twins are passed over on our side, as compound conditions are not to be trusted."""
        names = {folded(wanted.name), folded(shorten(wanted.name, _COMPANY_NAME_MOST))}
        rows = await self._client.companies.find(field("name").like(_pattern(wanted.name)))
        same = [row for row in rows if folded(row.name) in names and not row.deletedFlag]
        if len(same) > 1:
            raise errors.Ambiguous(
                f"ConnectWise has {len(same)} companies named {wanted.name!r}",
                detail=", ".join(f"{row.identifier} (id {row.id})" for row in same),
                remedy="Rename or delete all but one of them in ConnectWise, then requeue.",
            )
        return same[0] if same else None

    async def _create_company(self, wanted: DesiredCompany, parent: Link | None) -> models.Company:
        identifier = _company_identifier(wanted)
        draft: dict[str, Any] = {
            **self._fixed.company,
            "identifier": identifier,
            "name": shorten(wanted.name, _COMPANY_NAME_MOST),
            "site": {"name": "Main"},
            **_address(wanted.address),
            **await self._setup.country(wanted.address.country),
        }
        if wanted.phone:
            draft["phoneNumber"] = clip(wanted.phone, 30)
        if wanted.website:
            draft["website"] = clip(wanted.website, 255)
        if parent is not None:
            draft["parentCompany"] = {"id": parent.target}
        try:
            with fixable("company"):
                company = await self._client.companies.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            # The identifier holds a digest of the client's id, so whoever has it is this very client.
            for row in await self._client.companies.find(field("identifier").equals(identifier)):
                if not row.deletedFlag:
                    return row
            raise
        _created("company", company.id, wanted.name)
        return company

    async def _site(self, company: int, wanted: DesiredSite) -> Link:
        source = _site_source(company, wanted)
        link = await self._links.get("site", source)
        if link is not None:
            return link
        sites = self._client.sites(company)
        async with self._locks.hold(f"site:{company}:{folded(wanted.name)}"):
            found = await _one_site(sites, wanted)
            how: How = "name" if found is not None else "created"
            site = found if found is not None else await self._create_site(sites, wanted)
        link = Link(target=site, how=how)
        await self._links.put("site", source, link)
        return link

    async def _create_site(self, sites: connectwise.Resource[models.Site], wanted: DesiredSite) -> int:
        draft = {
            "name": wanted.name,
            **_site_address(wanted.address),
            **await self._setup.country(wanted.address.country),
        }
        try:
            site = await sites.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            found = await _one_site(sites, wanted)
            if found is None:
                raise
            return found
        _created("site", site.id, wanted.name)
        return site.id

    async def _contact(self, company: int, wanted: DesiredPerson) -> Link:
        source = _contact_source(company, wanted)
        link = await self._links.get("contact", source)
        if link is not None:
            return link
        async with self._locks.hold(f"contact:{company}:{folded(wanted.email or wanted.first_name)}"):
            found = await self._find_contact(company, wanted)
            how: How = ("email" if wanted.email else "name") if found is not None else "created"
            contact = found if found is not None else await self._create_contact(company, wanted)
        link = Link(target=contact.id, how=how)
        await self._links.put("contact", source, link)
        return link

    async def _find_contact(self, company: int, wanted: DesiredPerson) -> models.Contact | None:
        """By e-mail within the company, else by name; the company is compared on our side."""
        if wanted.email:
            rows = await self._client.contacts.find(
                child=field("communicationItems/value").equals(wanted.email)
            )
            same = [row for row in rows if row.company is not None and row.company.id == company]
        else:
            rows = await self._client.contacts.find(field("company/id").equals(company))
            name = (folded(wanted.first_name), folded(wanted.last_name))
            same = [row for row in rows if (folded(row.firstName), folded(row.lastName)) == name]
        active = [row for row in same if not row.inactiveFlag]
        if len(active) > 1:
            raise errors.Ambiguous(
                f"ConnectWise has {len(active)} contacts that fit {wanted.email or wanted.first_name!r}",
                detail=", ".join(f"{row.firstName} {row.lastName} (id {row.id})" for row in active),
                remedy="Merge or inactivate all but one of them in ConnectWise, then requeue.",
            )
        return active[0] if active else None

    async def _create_contact(self, company: int, wanted: DesiredPerson) -> models.Contact:
        draft: dict[str, Any] = {
            **self._fixed.contact,
            "firstName": clip(wanted.first_name, 30),
            "company": {"id": company},
            "communicationItems": await self._communication(wanted),
        }
        if wanted.last_name:
            draft["lastName"] = clip(wanted.last_name, 30)
        if wanted.title:
            draft["title"] = clip(wanted.title, 100)
        try:
            with fixable("contact"):
                contact = await self._client.contacts.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            found = await self._find_contact(company, wanted)
            if found is None:
                raise
            return found
        _created("contact", contact.id, wanted.first_name)
        return contact

    async def _communication(self, wanted: DesiredPerson) -> list[dict[str, Any]]:
        """E-mail and phones under the tenant's own communication types; ids differ from tenant to tenant."""
        kinds = await self._kinds.get()
        email = _default_kind(kinds, "emailFlag")
        phone = _default_kind(kinds, "phoneFlag")
        items: list[dict[str, Any]] = []
        if wanted.email and email is not None:
            items.append(_communication_item(email.id, wanted.email, "Email", default=True))
        if phone is not None:
            items += [
                _communication_item(phone.id, clip(number, 30), "Phone", default=place == 0)
                for place, number in enumerate(wanted.phones[:1])
            ]
        return items


async def _one_site(sites: connectwise.Resource[models.Site], wanted: DesiredSite) -> int | None:
    for row in await sites.find():
        if folded(row.name) == folded(wanted.name) and not row.inactiveFlag:
            return row.id
    return None


def _pattern(name: str) -> str:
    """A `like` pattern that finds the name with any blanks; wider than needed, since we compare again."""
    beginning = name if len(name) <= _COMPANY_NAME_MOST else name[:30] + " "
    return re.sub(r"\s+|[\[\]]", "%", beginning)


def _contact_source(company: int, wanted: DesiredPerson) -> str:
    return f"{wanted.jetbuilt_id or 'none'}@{company}"


def _site_source(company: int, wanted: DesiredSite) -> str:
    return f"{folded(wanted.name)}@{company}"


def _rep_rule(rep: models.Member, wanted: DesiredRep) -> str:
    if wanted.email and folded(wanted.email) in _emails(rep):
        return "by e-mail"
    return "by name" if _full_name(rep) == folded(wanted.full_name) else "the default"


def _company_identifier(wanted: DesiredCompany) -> str:
    """The beginning of the name and a digest of the client's id: the same client always gets the same identifier."""
    letters = re.sub(r"[^A-Za-z0-9]", "", wanted.name)[: _COMPANY_IDENTIFIER_MOST - 7]
    return f"{letters}-{digest(f'jetbuilt/client/{wanted.jetbuilt_id}'.encode())[:6]}"


def _address(address: Address) -> dict[str, str]:
    parts = {
        "addressLine1": clip(address.line1, 50),
        "addressLine2": clip(address.line2, 50),
        "city": clip(address.city, 50),
        "state": clip(address.state, 50),
        "zip": clip(address.zip, 12),
    }
    return {name: value for name, value in parts.items() if value}


def _site_address(address: Address) -> dict[str, str]:
    """A site's state is a reference, which names alone cannot give; the rest is text as on the company."""
    return {name: value for name, value in _address(address).items() if name != "state"}


def _emails(member: models.Member) -> set[str]:
    known = (member.primaryEmail, member.officeEmail, member.mobileEmail, member.homeEmail)
    return {folded(email) for email in known if email}


def _full_name(member: models.Member) -> str:
    return folded(f"{member.firstName or ''} {member.lastName or ''}")


def _default_kind(kinds: list[models.CommunicationType], flag: str) -> models.CommunicationType | None:
    fitting = [kind for kind in kinds if getattr(kind, flag)]
    return next((kind for kind in fitting if kind.defaultFlag), fitting[0] if fitting else None)


def _communication_item(kind: int, value: str, of: str, *, default: bool) -> dict[str, Any]:
    return {"type": {"id": kind}, "value": value, "communicationType": of, "defaultFlag": default}


def _created(noun: str, target: int, name: str) -> None:
    metrics.OBJECTS.labels(noun, "created").inc()
    log.info("reference_created", noun=noun, id=target, name=name)
