"""The opportunity's own fields: from the desired opportunity and the records it refers to."""

from __future__ import annotations

from typing import Any

import msgspec

from cwbridge import clock
from worker.opportunity.desired import DesiredOpportunity
from worker.opportunity.references import References, Resolver
from worker.psa.catalog_placement import Taxonomy
from worker.psa.default_fields import FixedValues
from worker.psa.setup_tables import Setup


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """`fixed` goes into the create only; `progress` is written after the lines, because a status may close it."""

    fields: dict[str, Any]
    fixed: dict[str, Any]
    progress: dict[str, Any]
    matches: tuple[str, ...]


class HeaderBuilder:
    """Resolves every name of a desired opportunity."""

    def __init__(self, resolver: Resolver, taxonomy: Taxonomy, setup: Setup, *, fixed: FixedValues) -> None:
        self._resolver = resolver
        self._taxonomy = taxonomy
        self._setup = setup
        self._fixed = fixed

    async def build(self, wanted: DesiredOpportunity) -> Header:
        """The header; companies, contacts, sites and types that are missing are created on the way."""
        ids = await self._resolver.resolve(wanted)
        type_id = await self._taxonomy.opportunity_type(wanted.type_name)
        fields = {
            **_own(wanted, type_id, ids),
            **await self._setup.place(wanted.place),
            **await self._setup.currency(wanted.currency),
        }
        return Header(
            fields=fields,
            fixed=await self._fixed.of("opportunity"),
            progress=await self._setup.progress(wanted.progress),
            matches=ids.how,
        )

    async def forget(self, wanted: DesiredOpportunity, refused: str) -> None:
        """Resolve the reference that was `refused` anew next time."""
        await self._resolver.forget(wanted, refused)


def _own(wanted: DesiredOpportunity, type_id: int, ids: References) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "source": wanted.mark,
        "type": {"id": type_id},
        "notes": wanted.notes,
        "expectedCloseDate": clock.iso(wanted.close_date),
        "primarySalesRep": {"id": ids.rep},
        "company": {"id": ids.company},
        "contact": {"id": ids.contact},
        "site": {"id": ids.site},
    }
