"""Rules of sales orders: what they take from the company, and totals of their product items."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.rules.belonging import check_company
from sandbox.connectwise.rules.locks import ORDERS, lines_locked
from sandbox.connectwise.rules.totals import count_line, totals_of
from sandbox.connectwise.table import Row

PRODUCTS = "procurement/products"


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
        del old
        yield from check_company(self, row)
        for number in body.get("productIds") or ():
            product = self.store.table(PRODUCTS).get(number)
            if product is None:
                yield Problem("InvalidField", f"productIds {number} does not exist.", "productIds")
            elif product.get("salesOrder") != {"id": row["id"]}:
                yield from lines_locked(self.store, product, {"salesOrder": {"id": row["id"]}})

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        """Put the product items on the order that `productIds` names; those that it leaves out stay."""
        del old
        for number in body.get("productIds") or ():
            before = self.store.table(PRODUCTS).rows[number]
            if before.get("salesOrder") != {"id": row["id"]}:
                moved = self.touched(before) | {"salesOrder": {"id": row["id"]}}
                self.store.put(PRODUCTS, moved)
                count_line(self, before, moved)
