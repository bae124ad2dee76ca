"""The company of a client: found by link or exact name, else created once."""

from __future__ import annotations

import re
from typing import Any

import structlog

from cwbridge import errors, locks, metrics
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.links import How, Link, Links
from cwbridge.text import clip, digest, folded, shorten
from worker.opportunity.desired import Address, DesiredCompany
from worker.psa.default_fields import FixedValues, fixable
from worker.psa.setup_tables import Setup

log = structlog.get_logger()
# The smallest of the versions in use: identifier 25 and name 50 in 2022.1, both 156 in 2026.4 (specifications).
_IDENTIFIER_MOST = 25
_NAME_MOST = 50


class Companies:
    """Finds or creates companies; creates of one name happen under a lock, so that two projects make one company."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        locker: locks.Locks,
        links: Links,
        setup: Setup,
        *,
        fixed: FixedValues,
    ) -> None:
        self._client = client
        self._locks = locker
        self._links = links
        self._setup = setup
        self._fixed = fixed

    async def ensure(self, wanted: DesiredCompany) -> Link:
        """By link, which outlives a renaming on either side; then by exact name; else created."""
        source = str(wanted.jetbuilt_id)
        link = await self._links.get("company", source)
        if link is not None:
            return link
        parent = await self.ensure(wanted.parent) if wanted.parent is not None else None
        async with self._locks.hold(f"company:{folded(wanted.name)}"):
            found = await self._find(wanted)
            how: How = "name" if found is not None else "created"
            company = found if found is not None else await self._create(wanted, parent)
        link = Link(target=company.id, how=how)
        await self._links.put("company", source, link)
        return link

    async def _find(self, wanted: DesiredCompany) -> models.Company | None:
        """By exact name; recycle-bin twins are passed over on our side, as compound conditions are not to be trusted."""
        names = {folded(wanted.name), folded(shorten(wanted.name, _NAME_MOST))}
        rows = await self._client.companies.find(field("name").like(_pattern(wanted.name)))
        same = [row for row in rows if folded(row.name) in names and not row.deletedFlag]
        if len(same) > 1:
            raise errors.Ambiguous(
                f"ConnectWise has {len(same)} companies named {wanted.name!r}",
                detail=", ".join(f"{row.identifier} (id {row.id})" for row in same),
                remedy="Rename or delete all but one of them in ConnectWise and requeue, or choose one: "
                f"cwbridge links relink company:{wanted.jetbuilt_id} --to ID",
            )
        return same[0] if same else None

    async def _create(self, wanted: DesiredCompany, parent: Link | None) -> models.Company:
        identifier = _identifier(wanted)
        draft: dict[str, Any] = {
            **await self._fixed.of("company"),
            "identifier": identifier,
            "name": shorten(wanted.name, _NAME_MOST),
            "site": {"name": "Main"},
            **address_fields(wanted.address),
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
        metrics.OBJECTS.labels("company", "created").inc()
        log.info("company_created", id=company.id, name=wanted.name)
        return company


def address_fields(address: Address) -> dict[str, str]:
    """The address as text fields, the empty ones left out; lengths are those of the specification."""
    parts = {
        "addressLine1": clip(address.line1, 50),
        "addressLine2": clip(address.line2, 50),
        "city": clip(address.city, 50),
        "state": clip(address.state, 50),
        "zip": clip(address.zip, 12),
    }
    return {name: value for name, value in parts.items() if value}


def _pattern(name: str) -> str:
    """A `like` pattern that finds the name with any blanks; wider than needed, since we compare again."""
    kept = shorten(name, _NAME_MOST)
    beginning = name if kept == name else kept.rpartition("~")[0] + " "
    return re.sub(r"\s+|[\[\]]", "%", beginning)


def _identifier(wanted: DesiredCompany) -> str:
    """The beginning of the name and a digest of the client's id: the same client always gets the same identifier."""
    letters = re.sub(r"[^A-Za-z0-9]", "", wanted.name)[: _IDENTIFIER_MOST - 7]
    return f"{letters}-{digest(f'jetbuilt/client/{wanted.jetbuilt_id}'.encode())[:6]}"
