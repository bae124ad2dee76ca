"""Rules of product items: what they take from the catalog and the opportunity, and when they are fixed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from sandbox.connectwise.errors import Problem, conflict, invalid
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.rules.locks import LINE_PARENTS, lines_locked
from sandbox.connectwise.rules.totals import count_line
from sandbox.connectwise.table import Row

PARENTS = ("opportunity", *LINE_PARENTS)
AMOUNTS = ("quantity", "price", "cost")


class ProductRules(Rules):
    def allow_create(self, body: Row) -> None:
        reference = body.get("catalogItem")
        number = reference.get("id") if isinstance(reference, dict) else None
        item = self.store.table("procurement/catalog").get(number) if isinstance(number, int) else None
        self._refuse_audited((item or {}).get("productClass"))

    def adopt(self, body: Row) -> Row:
        if self.store.modes.invoice_lines == "ignore":
            return {name: value for name, value in body.items() if name != "invoice"}
        return body

    def fill(self, row: Row, body: Row) -> None:
        item = self.row("procurement/catalog", row.get("catalogItem")) or {}
        opportunity = self.row("sales/opportunities", row.get("opportunity")) or {}
        order = self.row("sales/orders", row.get("salesOrder")) or {}
        invoice = self.row("finance/invoices", row.get("invoice")) or {}
        member = self.acting_member()
        set_missing(
            row,
            quantity=1,
            price=item.get("price", 0),
            cost=item.get("cost", 0),
            description=item.get("description"),
            customerDescription=item.get("customerDescription"),
            vendor=item.get("vendor"),
            vendorSku=item.get("vendorSku"),
            unitOfMeasure=item.get("unitOfMeasure"),
            company=opportunity.get("company") or order.get("company") or invoice.get("company"),
            locationId=opportunity.get("locationId")
            or order.get("location", {}).get("id")
            or invoice.get("locationId")
            or member.get("defaultLocation", {}).get("id"),
            businessUnitId=opportunity.get("businessUnitId")
            or order.get("department", {}).get("id")
            or invoice.get("departmentId")
            or member.get("defaultDepartment", {}).get("id"),
            sequenceNumber=self._next_sequence(row),
        )
        if "taxableFlag" not in body:
            row["taxableFlag"] = item.get("taxableFlag", False)
        if opportunity and not body.get("bypassForecastUpdate"):
            set_missing(row, forecastDetailId=self.store.new_forecast_line())

    def settle(self, row: Row, old: Row | None) -> None:
        if old is not None and self.store.modes.invoice_lines == "ignore":
            row["invoice"] = old.get("invoice")
        self._round(row)
        quantity, price, cost = (row.get(name) or 0 for name in ("quantity", "price", "cost"))
        row["extPrice"], row["extCost"] = quantity * price, quantity * cost
        row["margin"] = row["extPrice"] - row["extCost"]
        item = self.row("procurement/catalog", row.get("catalogItem")) or {}
        opportunity = self.row("sales/opportunities", row.get("opportunity")) or {}
        row["productClass"] = item.get("productClass")
        row["forecastStatus"] = opportunity.get("status")

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        if body.get("invoice") and self.store.modes.invoice_lines == "refuse":
            yield Problem("InvalidField", "The invoice of a productItem cannot be set.", "invoice")
        yield from lines_locked(self.store, row, old)
        item = self.row("procurement/catalog", row.get("catalogItem")) or {}
        if old is None and item.get("inactiveFlag") and self.store.modes.inactive_catalog == "refuse":
            yield Problem("InvalidField", f"Product {item['identifier']} is inactive.", "catalogItem")

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del body
        count_line(self, old, row)

    def removed(self, row: Row) -> None:
        count_line(self, row, None)

    def allow_delete(self, row: Row) -> None:
        self._refuse_audited(row.get("productClass"))
        if problems := list(lines_locked(self.store, row)):
            raise invalid("productItem", problems)
        mark = self.store.product_marks.get(row["id"])
        if mark is not None:
            raise conflict(f"Product {row['id']} is {mark} and cannot be deleted.")
        if row.get("opportunity", {}).get("id") in self.store.conversions:
            raise conflict(f"Product {row['id']} belongs to a converted opportunity and cannot be deleted.")

    def _round(self, row: Row) -> None:
        decimals = self.store.modes.stored_decimals
        if decimals is None:
            return
        for name in AMOUNTS:
            if row.get(name) is not None:
                row[name] = Decimal(row[name]).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)

    def _next_sequence(self, row: Row) -> int:
        """Return the position after the lines of what the product item is on."""
        parent = next((name for name in PARENTS if row.get(name)), None)
        if parent is None:
            return 1
        return self.store.table("procurement/products").count(f"{parent}/id", row[parent]["id"]) + 1

    def _refuse_audited(self, product_class: str | None) -> None:
        modes = self.store.modes
        audited = modes.inventory_auditing == "all" or product_class == "Inventory"
        if modes.inventory_auditing != "off" and audited:
            raise invalid("productItem", [Problem("InvalidObject", modes.inventory_text, "catalogItem")])
