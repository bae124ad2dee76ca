"""What an order, an invoice, a payment or a subscription should become in ConnectWise, worked out a second time from BILLING.md.

It shares no code with the worker on purpose.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.fault.document_books import cents

Row = dict[str, Any]
Amounts = tuple[Decimal, Decimal, Decimal]
"""Quantity, price and cost."""

ORDER_STATUSES = {"Pending": "Open", "In progress": "On Hold", "Completed": "Closed"}
CLOSING = "Completed"
INVOICE_STATUSES = {"Unpaid": "Sent", "Paid": "Paid"}
UNITS = {"Month": "Subscriptions Monthly", "Annual": "Subscriptions Annual"}
PAYMENT_TYPES = {"Bank transfer": "Check", "Credit card": "CreditCard"}
"""The tables of the settings: name in BSS -> name in ConnectWise."""
DRAFT = "Draft"


def amounts(item: Row) -> Amounts:
    """The amounts of the line of an item: its quantity where that explains its total, else one piece."""
    quantity = item.get("quantity")
    if quantity is None:
        quantity = sum(one["quantity"] for one in item.get("subscriptions") or ()) or None
    if quantity is not None and cents(Decimal(quantity) * item["finalPrice"]) == item["finalTotal"]:
        return Decimal(quantity), item["finalPrice"], item["costPrice"]
    return Decimal(1), item["finalTotal"], item["costTotal"]


def net(document: Row) -> Decimal:
    """What the lines of an order or invoice come to in ConnectWise, which rounds each of them to cents.

    Two items of 1.083 are 2.17 in BSS and 2.16 there: no lines can change that, and the daemon tells the cent.
    """
    lines = (amounts(item) for item in document["items"])
    return sum((cents(quantity * price) for quantity, price, _ in lines), Decimal(0))


def is_pushed(document: Row) -> bool:
    """Whether an order or invoice is no draft."""
    stage = document["stage"] if "stage" in document else document["status"]["name"]
    return bool(stage != DRAFT)


def status(document: Row) -> str:
    """The status that an order or invoice should have."""
    if "stage" in document:
        return INVOICE_STATUSES[document["stage"]]
    return ORDER_STATUSES[document["status"]["name"]]


def invoice_type(invoice: Row) -> str:
    """The type that an invoice should have."""
    return "CreditMemo" if invoice["type"] == "Credit" else "Miscellaneous"


def is_live(subscription: Row) -> bool:
    """Whether a subscription is to have an addition that goes on."""
    return bool(subscription["status"] == "Active")
