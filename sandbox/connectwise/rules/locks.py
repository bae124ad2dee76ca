"""When an order or an invoice is finished: its lines and, for an invoice, the record itself are fixed."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row

INVOICES = "finance/invoices"
ORDERS = "sales/orders"
LINE_PARENTS = {"salesOrder": ORDERS, "invoice": INVOICES}
"""The documents that a product item may be on, by the field that names them."""
STATUSES = {INVOICES: "finance/billingStatuses", ORDERS: "sales/orders/statuses"}


def lock_of(store: ConnectWiseStore, table: str, number: int | None) -> str:
    """Return why a document is fixed, as a sentence without its end; empty when it is not."""
    row = store.table(table).get(number) if number is not None else None
    if row is None:
        return ""
    name = f"Invoice {row.get('invoiceNumber')}" if table == INVOICES else f"Order {row['id']}"
    if row.get("glBatch"):
        return f"{name} has been batched"
    status = store.table(STATUSES[table]).get((row.get("status") or {}).get("id", 0))
    return f"{name} is closed" if status is not None and status.get("closedFlag") else ""


def lines_locked(store: ConnectWiseStore, *lines: Row | None) -> Iterator[Problem]:
    """Yield a problem for each fixed document that one of the states of a product item is on."""
    for field, table in LINE_PARENTS.items():
        numbers = {line[field]["id"] for line in lines if line is not None and line.get(field)}
        for number in sorted(numbers):
            if reason := lock_of(store, table, number):
                yield Problem("InvalidObject", f"{reason} and its products cannot be changed.", field)
