"""The opportunity's own fields: from the desired opportunity and the records it refers to."""

from __future__ import annotations

from typing import Any

import msgspec

from cwbridge import clock
from worker.opportunity.desired import DesiredOpportunity
from worker.opportunity.references import References, Resolver
from worker.psa.catalog_placement import CatalogPlacement
from worker.psa.default_fields import DefaultFields
from worker.psa.setup_tables import SetupTables


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """`default_fields` goes into the create only; `progress` is written after the lines, because a status may close it."""

    fields: dict[str, Any]
    default_fields: dict[str, Any]
    progress: dict[str, Any]
    matches: tuple[str, ...]


class HeaderBuilder:
    """Resolves every name of a desired opportunity."""

    def __init__(
        self,
        resolver: Resolver,
        catalog_placement: CatalogPlacement,
        setup_tables: SetupTables,
        *,
        default_fields: DefaultFields,
    ) -> None:
        self._resolver = resolver
        self._catalog_placement = catalog_placement
        self._setup_tables = setup_tables
        self._default_fields = default_fields

    async def build(self, desired: DesiredOpportunity) -> Header:
        """The header; companies, contacts, sites and types that are missing are created on the way."""
        ids = await self._resolver.resolve(desired)
        type_id = await self._catalog_placement.opportunity_type(desired.type_name)
        fields = {
            **_own(desired, type_id, ids),
            **await self._setup_tables.place(desired.place),
            **await self._setup_tables.currency(desired.currency),
        }
        return Header(
            fields=fields,
            default_fields=await self._default_fields.of("opportunity"),
            progress=await self._setup_tables.progress(desired.progress),
            matches=ids.how,
        )

    async def forget(self, desired: DesiredOpportunity, refused: str) -> None:
        """Resolve the reference that was `refused` anew next time."""
        await self._resolver.forget(desired, refused)


def _own(desired: DesiredOpportunity, type_id: int, ids: References) -> dict[str, Any]:
    return {
        "name": desired.name,
        "source": desired.external_id,
        "type": {"id": type_id},
        "notes": desired.notes,
        "expectedCloseDate": clock.iso(desired.close_date),
        "primarySalesRep": {"id": ids.rep},
        "company": {"id": ids.company},
        "contact": {"id": ids.contact},
        "site": {"id": ids.site},
    }
