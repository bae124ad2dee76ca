"""What an order or invoice comes to in both systems, compared in cents; pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from cwbridge.ledger.money_discrepancies import Kind, MoneyDiscrepancy
from worker.psa.money import cents
from worker.psa.records import Billable


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The sum of the items or lines without tax, and the tax where the system tells it."""

    net: Decimal
    tax: Decimal | None = None


def compare(
    source: Totals, target: Totals, *, currency: str, billable: Billable
) -> dict[Kind, MoneyDiscrepancy]:
    """The differences. ConnectWise counts billable lines only, so that others say nothing about its totals."""
    found: dict[Kind, MoneyDiscrepancy] = {}
    if billable != "Billable":
        return found
    pairs: Mapping[Kind, tuple[Decimal | None, Decimal | None]] = {
        "subtotal": (source.net, target.net),
        "tax": (source.tax, target.tax),
    }
    for kind, (here, there) in pairs.items():
        if here is not None and there is not None and cents(here) != cents(there):
            found[kind] = MoneyDiscrepancy(currency=currency, source=cents(here), target=cents(there))
    return found


def told(kind: Kind, discrepancy: MoneyDiscrepancy) -> str:
    """A difference as a sentence."""
    return (
        f"{kind}: BSS has {discrepancy.source}, ConnectWise {discrepancy.target} "
        f"({discrepancy.difference:+} {discrepancy.currency}".rstrip()
        + ")"
    )
