"""Rules of the payments of an invoice, and how servers may treat them."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem, invalid
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.rules.locks import INVOICES, lock_of
from sandbox.connectwise.rules.totals import count_payment
from sandbox.connectwise.table import Row


class PaymentRules(Rules):
    def fill(self, row: Row, body: Row) -> None:
        del body
        set_missing(row, amount=0, paymentDate=self.today(), source="Default", appliedBy=self.member)

    def settle(self, row: Row, old: Row | None) -> None:
        if self.store.modes.applied_by == "drop":
            row.pop("appliedBy", None)
        elif self.store.modes.applied_by == "member":
            row["appliedBy"] = self.member if old is None else old.get("appliedBy")

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del body
        modes = self.store.modes
        yield from self._locked(row)
        if old is not None and modes.payment_type_change == "refuse" and row.get("type") != old.get("type"):
            yield Problem("InvalidField", "The type of a payment cannot be changed.", "type")
        invoice = self.store.table(INVOICES).rows[row["invoice"]["id"]]
        credit = self.row(INVOICES, row.get("credit"))
        if credit is not None and (
            credit.get("type") != "CreditMemo" or credit.get("company") != invoice["company"]
        ):
            yield Problem("InvalidField", "The credit must be a credit memo of the same company.", "credit")
        open_amount = invoice.get("balance", 0) + (old or {}).get("amount", 0)
        if modes.overpayments == "refuse" and row.get("amount", 0) > open_amount:
            yield Problem(
                "InvalidField", "The amount cannot be greater than the balance of the invoice.", "amount"
            )

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del old, body
        count_payment(self, row)

    def allow_delete(self, row: Row) -> None:
        if problems := list(self._locked(row)):
            raise invalid("payment", problems)

    def removed(self, row: Row) -> None:
        count_payment(self, row, gone=True)

    def _locked(self, row: Row) -> Iterator[Problem]:
        reason = lock_of(self.store, INVOICES, row["invoice"]["id"])
        if reason and self.store.modes.closed_payments == "refuse":
            yield Problem("InvalidObject", f"{reason} and its payments cannot be changed.", "invoice")
