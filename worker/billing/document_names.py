"""The names that orders and invoices carry, as records of ConnectWise: currencies, billing terms, tax codes, locations, departments."""

from __future__ import annotations

from cwbridge.text import one_line
from worker.billing.context import BillingContext
from worker.psa.name_table import by_name


class DocumentNames:
    """Looks names up; an unknown one raises MappingRefused that names the setting. Ids are those of ConnectWise."""

    def __init__(self, context: BillingContext) -> None:
        psa = context.psa
        self._rules = context.rules
        self._tables = psa.setup_tables
        self._terms = psa.name_tables.of("billing terms", psa.client.billing_terms, by_name)
        self._tax_codes = psa.name_tables.of(
            "tax code", psa.client.tax_codes, lambda row: (row.identifier, row.description)
        )

    def forget(self) -> None:
        """Read the tables again next time."""
        self._tables.forget()
        self._terms.forget()
        self._tax_codes.forget()

    async def currency(self, code: str | None) -> int | None:
        """By the row of the table, else by the same ISO code; None for no code."""
        name = self._rules.currencies.to_psa(code or "") or one_line(code)
        found = await self._tables.currency(name, setting="[billing.currencies]")
        return found["currency"]["id"] if found else None

    async def billing_terms(self, payment_method: str | None) -> int | None:
        """By the row of the table; None without one."""
        name = self._rules.documents.billing_terms.to_psa(payment_method or "")
        if name is None:
            return None
        return (await self._terms.need(name, setting="[billing.billing_terms]")).id

    async def tax_code(self) -> int | None:
        """The default tax code, where there is one."""
        name = self._rules.documents.tax_code
        if name is None:
            return None
        return (await self._tax_codes.need(name, setting="[billing.tax_codes]")).id

    async def location(self) -> int | None:
        found = await self._tables.location(self._rules.documents.location, setting="billing.location")
        return found.get("locationId")

    async def department(self) -> int | None:
        found = await self._tables.department(self._rules.documents.department, setting="billing.department")
        return found.get("businessUnitId")
