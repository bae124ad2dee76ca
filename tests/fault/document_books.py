"""What ConnectWise holds of products, orders, invoices, payments and subscriptions of BSS, and which of it the flow made.

Read from the stores of the stand-ins; it shares no code with the worker on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sandbox.connectwise.store import API_MEMBER
from sandbox.server import Sandbox
from tests.fault.billing_books import BillingBooks

Row = dict[str, Any]

CATALOG, LINES = "procurement/catalog", "procurement/products"
ORDERS, INVOICES = "sales/orders", "finance/invoices"
PAYMENTS = "finance/invoices/payments"
AGREEMENTS, ADDITIONS = "finance/agreements", "finance/agreements/additions"
AGREEMENT_TYPES, FIELDS = "finance/agreements/types", "system/userDefinedFields"
STATUSES = {ORDERS: "sales/orders/statuses", INVOICES: "finance/billingStatuses"}
PARENTS = {ORDERS: "salesOrder", INVOICES: "invoice"}
"""The field of a product item that names the document it is on."""
CODES = {ORDERS: "poNumber", INVOICES: "reference"}
"""The field that holds the code of the document in BSS."""
COLLECTIONS = {ORDERS: "orders", INVOICES: "invoices"}
SUBSCRIPTION_ID = "Subscription ID"
_LINE = re.compile(r"bss:([^@\s]+)@.+")
_PAYMENT = re.compile(r"cwbridge:(\S+)")


class DocumentBooks:
    """What an auditor of both tenants asks about documents."""

    def __init__(self, box: Sandbox) -> None:
        self._bss = box.bss
        self._connectwise = box.connectwise
        self._accounts = BillingBooks(box)
        self._subscription_field = next(
            row["id"] for row in self.rows(FIELDS) if row["caption"] == SUBSCRIPTION_ID
        )

    def of_bss(self, collection: str) -> list[Row]:
        """Every record of a collection of BSS."""
        return list(self._bss.rows(collection).values())

    def rows(self, table: str) -> Iterable[Row]:
        """Every record of a table of ConnectWise."""
        return self._connectwise.table(table)

    def row(self, table: str, number: int | None) -> Row:
        """One record of ConnectWise; an empty one when it is gone."""
        return (self._connectwise.table(table).get(number) if number is not None else None) or {}

    def company_of(self, account: int) -> int | None:
        """The company of an account."""
        found = self._accounts.partners("account", account)
        return found[0]["id"] if len(found) == 1 else None

    def documents(self, table: str, document: Row) -> list[Row]:
        """The orders or invoices of ConnectWise that an order or invoice of BSS is; one, when nothing is wrong."""
        company = self.company_of(document["accountId"])
        return [
            row
            for row in self._connectwise.table(table)
            if row.get(CODES[table]) == document["code"] and _id(row, "company") == company
        ]

    def lines(self, table: str, document: int) -> list[Row]:
        """The product items on an order or invoice of ConnectWise."""
        return self._connectwise.table(LINES).find(f"{PARENTS[table]}/id", document)

    def items(self, product: Row) -> list[Row]:
        """The catalog items of a product: by its external id, else those of its code."""
        made = [row for row in self.rows(CATALOG) if row.get("integrationXRef") == f"bss:{product['id']}"]
        return made or [row for row in self.rows(CATALOG) if row["identifier"] == product["code"]]

    def item_of(self, product: str) -> int | None:
        """The catalog item of a product by its id."""
        found = self.items(self._bss.rows("products")[product])
        return found[0]["id"] if len(found) == 1 else None

    def payments_of(self, invoice: int) -> list[Row]:
        """The payments of an invoice of ConnectWise."""
        return self._connectwise.table(PAYMENTS).find("invoice/id", invoice)

    def additions_of(self, subscription: str) -> list[Row]:
        """The additions of a subscription, cancelled ones included."""
        return [row for row in self.rows(ADDITIONS) if self.subscription_of(row) == subscription]

    def subscription_of(self, addition: Row) -> str | None:
        """The subscription that an addition names."""
        held = addition.get("customFields") or ()
        return next((one["value"] for one in held if one["id"] == self._subscription_field), None)

    def named(self, table: str, reference: Row | None) -> str | None:
        """The name of what a record refers to."""
        return self.row(table, reference["id"]).get("name") if reference else None

    def contact_of(self, person: int) -> int | None:
        """The contact of ConnectWise that a contact of BSS is."""
        found = self._accounts.partners("contact", person)
        return found[0]["id"] if len(found) == 1 else None

    def status_of(self, table: str, document: Row) -> str | None:
        """The name of the status of an order or invoice of ConnectWise."""
        return self.named(STATUSES[table], document.get("status"))

    def is_finished(self, invoice: Row) -> bool:
        """Whether another member has closed or batched an invoice."""
        status = self.row(STATUSES[INVOICES], _id(invoice, "status"))
        return bool(invoice.get("glBatch") or status.get("closedFlag"))

    def made_by_the_flow(self, table: str) -> Iterator[Row]:
        """The records that the daemon entered."""
        return (row for row in self.rows(table) if row["_info"].get("enteredBy") == API_MEMBER)


def item_of_line(line: Row) -> str | None:
    """The item of BSS that a product item of the daemon is; None for a line of another user."""
    found = _LINE.fullmatch(str(line.get("integrationXRef") or ""))
    return found[1] if found else None


def payment_of(payment: Row) -> str | None:
    """The payment of BSS that a payment says to be."""
    found = _PAYMENT.fullmatch(str(payment.get("appliedBy") or ""))
    return found[1] if found else None


def billed(line: Row) -> Decimal:
    """What a product item adds to its document."""
    if line.get("billableOption") != "Billable":
        return Decimal(0)
    return cents(Decimal(line["quantity"]) * Decimal(line["price"]))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), "ROUND_HALF_UP")


def day(moment: Any) -> str:
    """The day of a date of either system; empty without one."""
    return str(moment or "")[:10]


def _id(row: Row, reference: str) -> int | None:
    number: int | None = (row.get(reference) or {}).get("id")
    return number
