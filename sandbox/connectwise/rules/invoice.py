"""Rules of invoices: their numbers, their totals, and what a closed or batched one no longer takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from sandbox.connectwise.errors import Problem, invalid
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.rules.belonging import check_company
from sandbox.connectwise.rules.locks import INVOICES, ORDERS, STATUSES, lock_of
from sandbox.connectwise.rules.totals import refresh, totals_of
from sandbox.connectwise.table import Row

AGREEMENT_TEXT = "Cannot create agreement invoices through the Invoicing API"


class InvoiceRules(Rules):
    def allow_create(self, body: Row) -> None:
        if body.get("type") == "Agreement":
            raise invalid("invoice", [Problem("InvalidObject", AGREEMENT_TEXT, "type")])

    def fill(self, row: Row, body: Row) -> None:
        del body
        company = self.row("company/companies", row.get("company")) or {}
        member = self.acting_member()
        set_missing(
            row,
            status=self.default(STATUSES[INVOICES]),
            date=self.today(),
            applyToType="All",
            billToCompany=company.get("billToCompany") or row.get("company"),
            shipToCompany=row.get("company"),
            accountNumber=company.get("accountNumber"),
            billingSite=company.get("billingSite") or company.get("site"),
            billingTerms=company.get("billingTerms") or self.default("finance/billingTerms"),
            taxCode=company.get("taxCode") or self.default("finance/taxCodes"),
            currency=company.get("currency") or self.default("finance/currencies"),
            locationId=member.get("defaultLocation", {}).get("id"),
            departmentId=member.get("defaultDepartment", {}).get("id"),
        )
        set_missing(row, dueDate=self._due(row))
        row["specialInvoiceFlag"] = row.get("type") == "Miscellaneous"
        if row["id"] not in self.store.table(INVOICES):
            self._number(row)

    def settle(self, row: Row, old: Row | None) -> None:
        _agree_on_places(row, old or {})
        row.update(totals_of(self.store, INVOICES, row))
        status = self.row(STATUSES[INVOICES], row.get("status")) or {}
        if status.get("closedFlag"):
            set_missing(row, closedBy=self.member)
        else:
            row.pop("closedBy", None)

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del body
        if old is not None and (reason := lock_of(self.store, INVOICES, old["id"])):
            yield Problem("InvalidObject", f"{reason} and cannot be changed.", "status")
        yield from check_company(self, row)

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del body
        refresh(self, INVOICES, row["id"])
        for state in (row, old or {}):
            if state.get("salesOrder"):
                refresh(self, ORDERS, state["salesOrder"]["id"])

    def allow_delete(self, row: Row) -> None:
        if reason := lock_of(self.store, INVOICES, row["id"]):
            raise invalid("invoice", [Problem("InvalidObject", f"{reason} and cannot be deleted.", "status")])

    def _number(self, row: Row) -> None:
        """Number a new invoice that came without a number, or with a taken one where the server renumbers."""
        known, modes = self.store.table(INVOICES), self.store.modes
        sent = row.get("invoiceNumber")
        if sent and (modes.taken_invoice_number == "refuse" or not known.find("invoiceNumber", sent)):
            return
        start = max(modes.invoice_number_start, self.store.invoice_sequence + 1)
        for number in count(start):
            text = str(number).zfill(modes.invoice_number_digits)
            if not known.find("invoiceNumber", text):
                self.store.invoice_sequence, row["invoiceNumber"] = number, text
                return

    def _due(self, row: Row) -> str:
        terms = self.row("finance/billingTerms", row.get("billingTerms")) or {}
        try:
            due = datetime.fromisoformat(row["date"]) + timedelta(days=terms.get("dueDays", 0))
        except OverflowError:
            return str(row["date"])
        return due.strftime("%Y-%m-%dT%H:%M:%SZ")


def _agree_on_places(row: Row, old: Row) -> None:
    """Let location and department say the same by id and by reference; the one that was written decides."""
    for key, reference in (("locationId", "location"), ("departmentId", "department")):
        if row.get(reference) and row[reference] != old.get(reference):
            row[key] = row[reference]["id"]
        elif row.get(key) is not None:
            row[reference] = {"id": row[key]}


class ClosedInvoiceRules(InvoiceRules):
    """The door to closed invoices: their status and notes only, the status not once they are batched."""

    def fill(self, row: Row, body: Row) -> None:
        pass

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del body
        reason = lock_of(self.store, INVOICES, row["id"])
        if not reason:
            yield Problem("InvalidObject", f"Invoice {row.get('invoiceNumber')} is not closed.", "status")
        elif row.get("glBatch") and row.get("status") != (old or {}).get("status"):
            yield Problem("InvalidObject", f"{reason} and cannot be reopened.", "status")
