"""Rules of sales orders: what they take from the company, and totals of their product items."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.rules.belonging import check_company
from sandbox.connectwise.rules.locks import ORDERS
from sandbox.connectwise.rules.totals import totals_of
from sandbox.connectwise.table import Row


class OrderRules(Rules):
    def fill(self, row: Row, body: Row) -> None:
        del body
        company = self.row("company/companies", row.get("company")) or {}
        contact = self.row("company/contacts", row.get("contact")) or {}
        member = self.acting_member()
        set_missing(
            row,
            orderDate=self.today(),
            site=contact.get("site") or company.get("site"),
            billToCompany=company.get("billToCompany") or row.get("company"),
            shipToCompany=row.get("company"),
            billingTerms=company.get("billingTerms") or self.default("finance/billingTerms"),
            taxCode=company.get("taxCode") or self.default("finance/taxCodes"),
            currency=company.get("currency") or self.default("finance/currencies"),
            location=member.get("defaultLocation"),
            department=member.get("defaultDepartment"),
        )

    def settle(self, row: Row, old: Row | None) -> None:
        del old
        row.update(totals_of(self.store, ORDERS, row))

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del old, body
        yield from check_company(self, row)
