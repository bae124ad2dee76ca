"""The orders, invoices and payments of a distributor while they are written, and the months that they bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.world.billing import Invoice, Order, Payment, Subscription

RATES = {
    "EUR": "1", "USD": "1.1", "CAD": "1.5", "GBP": "0.86", "CHF": "0.95", "NOK": "11.6", "PLN": "4.3", "JPY": "162",
    "AED": "4", "INR": "92", "BRL": "5.6", "KZT": "520",
}  # fmt: skip
"""Units of a currency for a euro."""
PAID_BY = ("Bank transfer", "Credit card", "Net 30", "Direct debit")
FIRST_INVOICE = 431
TAX = Decimal("0.24")
CENT = Decimal("0.01")


@dataclass(slots=True)
class Documents:
    """What has been written so far; codes of invoices count upwards, with leading zeros."""

    subscriptions: list[Subscription] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)

    def next_code(self) -> str:
        """Return the code of the next invoice."""
        return f"{FIRST_INVOICE + len(self.invoices):06d}"


@dataclass(frozen=True, slots=True)
class Period:
    """A month that is billed on its last day."""

    begins: date
    ends: date

    @property
    def evening(self) -> datetime:
        return datetime.combine(self.ends, time(21, 15, 30), UTC)

    @property
    def days(self) -> int:
        return self.ends.day


def months(today: date, count: int) -> Iterator[Period]:
    """Yield the last months, the current one included, the oldest first."""
    ends = (today + timedelta(days=1)).replace(day=1) - timedelta(days=1)
    found = []
    for _ in range(count):
        found.append(Period(ends.replace(day=1), ends))
        ends = ends.replace(day=1) - timedelta(days=1)
    yield from reversed(found)


def in_currency(euros: Decimal, currency: str | None) -> Decimal:
    """Return an amount of euros in another currency, in the smallest unit that is billed in it."""
    smallest = Decimal(1) if currency == "JPY" else CENT
    return (euros * Decimal(RATES[currency or "EUR"])).quantize(smallest)
