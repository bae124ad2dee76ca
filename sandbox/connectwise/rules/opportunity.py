"""Rules of opportunities, their notes and their contacts."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem, conflict
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.rules.belonging import check_company
from sandbox.connectwise.table import Row


class OpportunityRules(Rules):
    owned = (
        ("procurement/products", "opportunity/id"),
        ("sales/opportunities/notes", "opportunityId"),
        ("sales/opportunities/contacts", "opportunityId"),
    )

    def fill(self, row: Row, body: Row) -> None:
        del body
        member, now = self.acting_member(), self.store.now()
        contact = self.row("company/contacts", row.get("contact")) or {}
        company = self.row("company/companies", row.get("company")) or {}
        set_missing(
            row,
            status=self.default("sales/opportunities/statuses"),
            stage=self._first_stage(),
            locationId=member.get("defaultLocation", {}).get("id"),
            businessUnitId=member.get("defaultDepartment", {}).get("id"),
            site=contact.get("site") or company.get("site"),
            currency=company.get("currency") or self.default("finance/currencies"),
            pipelineChangeDate=now,
            dateBecameLead=now,
        )
        stage = self.row("sales/stages", row.get("stage")) or {}
        set_missing(row, probability=stage.get("probability"))

    def settle(self, row: Row, old: Row | None) -> None:
        del old
        status = self.row("sales/opportunities/statuses", row.get("status")) or {}
        if status.get("closedFlag"):
            set_missing(row, closedDate=self.store.now(), closedBy={"id": self.acting_member().get("id", 0)})
        else:
            row.pop("closedBy", None)

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del old, body
        yield from check_company(self, row)

    def allow_delete(self, row: Row) -> None:
        marked = [
            item
            for item in self.store.table("procurement/products").find("opportunity/id", row["id"])
            if item["id"] in self.store.product_marks
        ]
        if marked or row["id"] in self.store.conversions:
            raise conflict(f"Opportunity {row['id']} is in use and cannot be deleted.")

    def _first_stage(self) -> Row | None:
        stages = sorted(self.store.table("sales/stages"), key=lambda row: row.get("sequenceNumber", 0))
        return {"id": stages[0]["id"]} if stages else None


class NoteRules(Rules):
    def fill(self, row: Row, body: Row) -> None:
        del body
        row["enteredBy"] = self.member


class OpportunityContactRules(Rules):
    def settle(self, row: Row, old: Row | None) -> None:
        del old
        contact = self.row("company/contacts", row.get("contact")) or {}
        set_missing(row, company=contact.get("company"))
