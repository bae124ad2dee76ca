"""Values of documents as the store keeps them: dates are days, amounts Decimal, whatever form JSON gave them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.bss.collections import Row

DAYS = frozenset(
    {
        "orderDate",
        "dueDate",
        "date",
        "paymentDate",
        "startDate",
        "endDate",
        "cancelledDate",
        "billingPeriodStart",
        "billingPeriodEnd",
    }
)
AMOUNTS = frozenset(
    {"sellPrice", "costPrice", "finalPrice", "finalTotal", "costTotal", "totalAmount", "taxAmount", "amount"}
)
CENT = Decimal("0.01")


def typed(fields: Row) -> Row:
    """Return fields with days and amounts of the right type; raise ValueError for what is neither."""
    return {name: _typed(name, value) for name, value in fields.items()}


def cents(amount: Decimal) -> Decimal:
    """Return an amount in cents."""
    return amount.quantize(CENT)


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in DAYS and isinstance(value, str):
        return date.fromisoformat(value[:10])
    if name in AMOUNTS and not isinstance(value, Decimal):
        try:
            return Decimal(str(value))
        except ArithmeticError as error:
            raise ValueError(f"`{name}` is a number, not {value!r}.") from error
    return value
