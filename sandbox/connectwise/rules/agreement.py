"""Rules of agreements and their additions: what follows from the type, and which dates fit."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.rules.belonging import check_company
from sandbox.connectwise.table import Row

AGREEMENTS = "finance/agreements"
ADDITIONS = "finance/agreements/additions"
FROM_TYPE = (
    "employeeCompRate", "employeeCompNotExceed", "invoicingCycle", "billTime", "billExpenses", "billProducts",
    "applicationUnits", "applicationCycle", "billingTerms", "location", "department",
)  # fmt: skip
"""What an agreement takes from its type."""


class AgreementRules(Rules):
    owned = ((ADDITIONS, "agreementId"),)

    def fill(self, row: Row, body: Row) -> None:
        kind = self.row("finance/agreements/types", row.get("type")) or {}
        company = self.row("company/companies", row.get("company")) or {}
        contact = self.row("company/contacts", row.get("contact")) or {}
        set_missing(row, **{name: kind.get(name) for name in FROM_TYPE}, startDate=self.today())
        set_missing(
            row,
            billStartDate=row["startDate"],
            site=contact.get("site") or company.get("site"),
            billToCompany=company.get("billToCompany") or row.get("company"),
            billingTerms=company.get("billingTerms") or self.default("finance/billingTerms"),
            taxCode=company.get("taxCode") or self.default("finance/taxCodes"),
            currency=company.get("currency") or self.default("finance/currencies"),
        )
        if "noEndingDateFlag" not in body:
            row["noEndingDateFlag"] = row.get("endDate") is None

    def settle(self, row: Row, old: Row | None) -> None:
        del old
        if row["cancelledFlag"]:
            set_missing(row, dateCancelled=self.today())
        row["agreementStatus"] = self._status(row)

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del old, body
        yield from check_company(self, row)
        if _day(row, "endDate", "9999") < _day(row, "startDate", ""):
            yield Problem("InvalidField", "endDate cannot be less than startDate", "endDate")

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del old, body
        status = {"agreementStatus": row["agreementStatus"]}
        for addition in self.store.table(ADDITIONS).find("agreementId", row["id"]):
            if addition | status != addition:
                self.store.put(ADDITIONS, addition | status)

    def _status(self, row: Row) -> str:
        today = self.today()[:10]
        if row["cancelledFlag"]:
            return "Cancelled"
        if _day(row, "endDate", "9999") < today:
            return "Expired"
        return "Inactive" if _day(row, "startDate", "") > today else "Active"


class AdditionRules(Rules):
    def fill(self, row: Row, body: Row) -> None:
        item = self.row("procurement/catalog", row.get("product")) or {}
        agreement = self._agreement(row)
        held = self.store.table(ADDITIONS).count("agreementId", agreement["id"])
        set_missing(
            row,
            quantity=1,
            lessIncluded=0,
            unitPrice=item.get("price", 0),
            unitCost=item.get("cost", 0),
            description=item.get("description"),
            invoiceDescription=item.get("customerDescription"),
            effectiveDate=max(self.today(), agreement.get("billStartDate") or ""),
            sequenceNumber=held + 1,
        )
        if "taxableFlag" not in body:
            row["taxableFlag"] = item.get("taxableFlag", False)

    def settle(self, row: Row, old: Row | None) -> None:
        del old
        item = self.row("procurement/catalog", row.get("product")) or {}
        unit = self.row("procurement/unitOfMeasures", item.get("unitOfMeasure")) or {}
        billed = (row.get("quantity") or 0) - (row.get("lessIncluded") or 0)
        row["billedQuantity"] = billed
        row["extPrice"], row["extCost"] = (billed * (row.get(n) or 0) for n in ("unitPrice", "unitCost"))
        row["margin"] = row["extPrice"] - row["extCost"]
        row["uom"] = unit.get("name")
        row["agreementStatus"] = self._agreement(row).get("agreementStatus")

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        agreement = self._agreement(row)
        if old is None and agreement.get("cancelledFlag"):
            yield Problem(
                "InvalidObject", f"Agreement {agreement['name']} has been cancelled.", "agreementId"
            )
        dated = old is None or "effectiveDate" in body
        if dated and _day(row, "effectiveDate", "9999") < _day(agreement, "billStartDate", ""):
            text = "effectiveDate cannot be less than the agreement billing start date"
            yield Problem("InvalidField", text, "effectiveDate")
        if _day(row, "cancelledDate", "9999") < _day(row, "effectiveDate", ""):
            yield Problem("InvalidField", "cancelledDate cannot be less than effectiveDate", "cancelledDate")

    def _agreement(self, row: Row) -> Row:
        return self.store.table(AGREEMENTS).rows[row["agreementId"]]


def _day(row: Row, name: str, otherwise: str) -> str:
    """Return the day of a date, because the server compares days."""
    return str(row.get(name) or otherwise)[:10]
