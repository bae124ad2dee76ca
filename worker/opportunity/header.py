"""The opportunity's own fields: from the desired opportunity and the records it refers to."""

from __future__ import annotations

from typing import Any

import msgspec

from cwbridge import clock
from worker.opportunity.desired import DesiredOpportunity
from worker.opportunity.references import References, Resolver
from worker.opportunity.sales_tables import SalesTables
from worker.psa.context import PsaContext

_OFFICES = "opportunity.offices"
_CURRENCY = "opportunity.currency (to `leave`)"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """`default_fields` goes into the create only; `progress` is written after the lines, because a status may close it."""

    fields: dict[str, Any]
    default_fields: dict[str, Any]
    progress: dict[str, Any]
    matches: tuple[str, ...]


class HeaderBuilder:
    """Resolves every name of a desired opportunity."""

    def __init__(self, psa: PsaContext, resolver: Resolver, sales_tables: SalesTables) -> None:
        self._psa = psa
        self._resolver = resolver
        self._sales_tables = sales_tables

    async def build(self, desired: DesiredOpportunity, *, company_seen: int | None = None) -> Header:
        """The header; companies, contacts, sites and types that are missing are created on the way.

        `company_seen` is a company that was just read and is not in the recycle bin.
        """
        ids = await self._resolver.resolve(desired, company_seen=company_seen)
        names = self._psa.setup_tables
        fields = {
            **_own(desired, await self._sales_tables.type(desired.type_name), ids),
            **await names.location(desired.place.location, setting=_OFFICES),
            **await names.department(desired.place.department, setting=_OFFICES),
            **await names.currency(desired.currency, setting=_CURRENCY),
        }
        return Header(
            fields=fields,
            default_fields=await self._psa.default_fields.of("opportunity"),
            progress=await self._sales_tables.progress(desired.progress),
            matches=(*ids.how, *desired.remarks),
        )

    async def forget(self, desired: DesiredOpportunity, reference: str) -> bool:
        """Look up a `reference` that ConnectWise no longer has again next time; False when the header has no such reference."""
        match reference:
            case "company" | "contact" | "site" | "primarysalesrep":
                await self._resolver.forget(desired, reference)
            case "type" | "stage" | "status" | "probability":
                self._sales_tables.forget()
            case "location" | "businessunit" | "currency":
                self._psa.setup_tables.forget()
            case _:
                return False
        return True


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
