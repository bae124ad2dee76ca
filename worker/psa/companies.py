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
from worker.psa.default_fields import DefaultFields, naming_default_field
from worker.psa.setup_tables import SetupTables

log = structlog.get_logger()
# The smallest of the versions in use: identifier 25 and name 50 in 2022.1, both 156 in 2026.4 (specifications).
_MAX_IDENTIFIER = 25
_MAX_NAME = 50


class Companies:
    """Finds or creates companies; creates of one name happen under a lock, so that two projects make one company."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        locker: locks.Locks,
        links: Links,
        setup_tables: SetupTables,
        *,
        default_fields: DefaultFields,
    ) -> None:
        self._client = client
        self._locks = locker
        self._links = links
        self._setup_tables = setup_tables
        self._default_fields = default_fields

    async def ensure(self, desired: DesiredCompany) -> Link:
        """By link, which outlives a renaming on either side; then by exact name; else created."""
        source = str(desired.jetbuilt_id)
        link = await self._links.get("company", source)
        if link is not None:
            return link
        parent = await self.ensure(desired.parent) if desired.parent is not None else None
        async with self._locks.hold(f"company:{folded(desired.name)}"):
            found = await self._find(desired)
            how: How = "name" if found is not None else "created"
            company = found if found is not None else await self._create(desired, parent)
        link = Link(target=company.id, how=how)
        await self._links.put("company", source, link)
        return link

    async def _find(self, desired: DesiredCompany) -> models.Company | None:
        """By exact name; recycle-bin twins are passed over on our side, as compound conditions are not to be trusted."""
        names = {folded(desired.name), folded(shorten(desired.name, _MAX_NAME))}
        rows = await self._client.companies.find(field("name").like(_pattern(desired.name)))
        same = [row for row in rows if folded(row.name) in names and not row.deletedFlag]
        if len(same) > 1:
            raise errors.Ambiguous(
                f"ConnectWise has {len(same)} companies named {desired.name!r}",
                detail=", ".join(f"{row.identifier} (id {row.id})" for row in same),
                remedy="Rename or delete all but one of them in ConnectWise and requeue, or choose one: "
                f"cwbridge links relink company:{desired.jetbuilt_id} --to ID",
            )
        return same[0] if same else None

    async def _create(self, desired: DesiredCompany, parent: Link | None) -> models.Company:
        identifier = _identifier(desired)
        draft: dict[str, Any] = {
            **await self._default_fields.of("company"),
            "identifier": identifier,
            "name": shorten(desired.name, _MAX_NAME),
            "site": {"name": "Main"},
            **address_fields(desired.address),
            **await self._setup_tables.country(desired.address.country),
        }
        if desired.phone:
            draft["phoneNumber"] = clip(desired.phone, 30)
        if desired.website:
            draft["website"] = clip(desired.website, 255)
        if parent is not None:
            draft["parentCompany"] = {"id": parent.target}
        try:
            with naming_default_field("company"):
                company = await self._client.companies.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            # The identifier holds a digest of the client's id, so whoever has it is this very client.
            for row in await self._client.companies.find(field("identifier").equals(identifier)):
                if not row.deletedFlag:
                    return row
            raise
        metrics.OBJECTS.labels("company", "created").inc()
        log.info("company_created", id=company.id, name=desired.name)
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
    kept = shorten(name, _MAX_NAME)
    beginning = name if kept == name else kept.rpartition("~")[0] + " "
    return re.sub(r"\s+|[\[\]]", "%", beginning)


def _identifier(desired: DesiredCompany) -> str:
    """The beginning of the name and a digest of the client's id: the same client always gets the same identifier."""
    letters = re.sub(r"[^A-Za-z0-9]", "", desired.name)[: _MAX_IDENTIFIER - 7]
    return f"{letters}-{digest(f'jetbuilt/client/{desired.jetbuilt_id}'.encode())[:6]}"
