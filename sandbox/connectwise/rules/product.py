"""Rules of product items: what they take from the catalog and the opportunity, and when they are fixed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from sandbox.connectwise.errors import Problem, conflict, invalid
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.table import Row

AMOUNTS = ("quantity", "price", "cost")


class ProductRules(Rules):
    def allow_create(self, body: Row) -> None:
        reference = body.get("catalogItem")
        number = reference.get("id") if isinstance(reference, dict) else None
        item = self.store.table("procurement/catalog").get(number) if isinstance(number, int) else None
        self._refuse_audited((item or {}).get("productClass"))

    def fill(self, row: Row, body: Row) -> None:
        item = self.row("procurement/catalog", row.get("catalogItem")) or {}
        opportunity = self.row("sales/opportunities", row.get("opportunity")) or {}
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
            company=opportunity.get("company"),
            locationId=opportunity.get("locationId") or member.get("defaultLocation", {}).get("id"),
            businessUnitId=opportunity.get("businessUnitId") or member.get("defaultDepartment", {}).get("id"),
            sequenceNumber=self._next_sequence(opportunity),
        )
        if "taxableFlag" not in body:
            row["taxableFlag"] = item.get("taxableFlag", False)
        if opportunity and not body.get("bypassForecastUpdate"):
            set_missing(row, forecastDetailId=self.store.new_forecast_line())

    def settle(self, row: Row, old: Row | None) -> None:
        del old
        self._round(row)
        quantity, price, cost = (row.get(name) or 0 for name in ("quantity", "price", "cost"))
        row["extPrice"], row["extCost"] = quantity * price, quantity * cost
        row["margin"] = row["extPrice"] - row["extCost"]
        item = self.row("procurement/catalog", row.get("catalogItem")) or {}
        opportunity = self.row("sales/opportunities", row.get("opportunity")) or {}
        row["productClass"] = item.get("productClass")
        row["forecastStatus"] = opportunity.get("status")

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del body
        item = self.row("procurement/catalog", row.get("catalogItem")) or {}
        if old is None and item.get("inactiveFlag") and self.store.modes.inactive_catalog == "refuse":
            yield Problem("InvalidField", f"Product {item['identifier']} is inactive.", "catalogItem")

    def allow_delete(self, row: Row) -> None:
        self._refuse_audited(row.get("productClass"))
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

    def _next_sequence(self, opportunity: Row) -> int:
        return self.store.table("procurement/products").count("opportunity/id", opportunity.get("id")) + 1

    def _refuse_audited(self, product_class: str | None) -> None:
        modes = self.store.modes
        audited = modes.inventory_auditing == "all" or product_class == "Inventory"
        if modes.inventory_auditing != "off" and audited:
            raise invalid("productItem", [Problem("InvalidObject", modes.inventory_text, "catalogItem")])
