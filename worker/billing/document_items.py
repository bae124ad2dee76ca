"""The items of an order or invoice, and the lines that they become; pure.

The quantity of an item is its own, else that of its subscriptions, when it times the price is the total to the cent. Other items, such
as prorated ones and consumption, are one piece at their total, and their quantity stands in the description.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.text import clip, one_line
from worker.billing.document_lines import line_key, line_product
from worker.billing.keys import BillingKey
from worker.psa.money import cents, exact
from worker.psa.records import Billable, DesiredLine

MAX_DESCRIPTION = 2000
MAX_CUSTOMER_DESCRIPTION = 6000
_ONE = Decimal(1)


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One item of an order or invoice, whichever it is on."""

    id: str
    product: bss.ProductLink
    quantity: Decimal | None
    price: Decimal | None
    total: Decimal
    cost: Decimal | None
    cost_total: Decimal | None
    description: str
    period: tuple[date | None, date | None] = (None, None)


def of_order(items: Sequence[bss.OrderItem], key: BillingKey) -> tuple[Charge, ...]:
    """The items of the order of `key`; raises Refused for an item that cannot become a line."""
    return _each_once(
        key,
        tuple(
            Charge(
                id=item.id,
                product=_product(item, key),
                quantity=item.quantity,
                price=item.finalPrice,
                total=_total(item, item.quantity, key),
                cost=item.costPrice,
                cost_total=item.costTotal,
                description=one_line(item.description),
            )
            for item in items
        ),
    )


def of_invoice(items: Sequence[bss.InvoiceItem], key: BillingKey) -> tuple[Charge, ...]:
    """The items of the invoice of `key`, likewise; an item without a quantity has that of its subscriptions."""
    return _each_once(
        key,
        tuple(
            Charge(
                id=item.id,
                product=_product(item, key),
                quantity=_counted(item),
                price=item.finalPrice,
                total=_total(item, _counted(item), key),
                cost=item.costPrice,
                cost_total=item.costTotal,
                description="",
                period=(item.billingPeriodStart, item.billingPeriodEnd),
            )
            for item in items
        ),
    )


def total_of(charges: Sequence[Charge]) -> Decimal:
    """What the items come to, in cents."""
    return cents(sum((charge.total for charge in charges), Decimal(0)))


def lines_of(charges: Sequence[Charge], billable: Billable) -> tuple[DesiredLine, ...]:
    """The lines in the order of the items."""
    return tuple(_line(charge, billable) for charge in charges)


def _line(charge: Charge, billable: Billable) -> DesiredLine:
    by_piece = _by_piece(charge)
    quantity, price, cost = by_piece or (_ONE, exact(charge.total), exact(charge.cost_total))
    description = _description(charge, tells_quantity=by_piece is None)
    return DesiredLine(
        key=line_key(charge.id),
        product=line_product(charge.product),
        quantity=quantity,
        price=price,
        cost=cost,
        description=clip(description, MAX_DESCRIPTION),
        customer_description=clip(description, MAX_CUSTOMER_DESCRIPTION),
        billable=billable,
        taxable=None,
    )


def _by_piece(charge: Charge) -> tuple[Decimal, Decimal, Decimal] | None:
    """Quantity, price and cost of one piece; None when they do not come to the total of the item."""
    if charge.quantity is None or charge.price is None:
        return None
    quantity, price = exact(charge.quantity), exact(charge.price)
    if cents(quantity * price) != cents(charge.total):
        return None
    cost = charge.cost
    if cost is None:
        cost = charge.cost_total / quantity if charge.cost_total and quantity else None
    return quantity, price, exact(cost)


def _description(charge: Charge, *, tells_quantity: bool) -> str:
    """Name, quantity where the line cannot hold it, and billing period."""
    name = (
        charge.description
        or one_line(charge.product.name)
        or one_line(charge.product.code)
        or charge.product.id
    )
    parts = [name]
    if tells_quantity and charge.quantity is not None:
        price = "" if charge.price is None else f" at {_plain(charge.price)}"
        parts.append(f"quantity {_plain(charge.quantity)}{price}")
    since, until = charge.period
    if since is not None or until is not None:
        parts.append(" to ".join(day.isoformat() for day in (since, until) if day is not None))
    return ", ".join(parts)


def _plain(amount: Decimal) -> str:
    return f"{exact(amount):f}"


def _counted(item: bss.InvoiceItem) -> Decimal | None:
    """Its own quantity, else the sum of its subscriptions where all of them have one."""
    if item.quantity is not None:
        return item.quantity
    quantities = [subscription.quantity for subscription in item.subscriptions or ()]
    known = [quantity for quantity in quantities if quantity is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(quantities) else None


def _product(item: bss.OrderItem | bss.InvoiceItem, key: BillingKey) -> bss.ProductLink:
    if item.product is None:
        raise errors.Refused(
            f"An item of the {key.noun} names no product",
            detail=f"item {item.id} of {key}",
            remedy="Give the item a product in BSS; saving it starts the sync again.",
        )
    return item.product


def _total(item: bss.OrderItem | bss.InvoiceItem, quantity: Decimal | None, key: BillingKey) -> Decimal:
    if item.finalTotal is not None:
        return item.finalTotal
    if quantity is None or item.finalPrice is None:
        raise errors.Refused(
            f"An item of the {key.noun} has no total",
            detail=f"item {item.id} of {key}",
            remedy="Give the item a price and a quantity, or a total, in BSS; saving it starts the sync again.",
        )
    return cents(quantity * item.finalPrice)


def _each_once(key: BillingKey, charges: tuple[Charge, ...]) -> tuple[Charge, ...]:
    ids = [charge.id for charge in charges]
    twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise errors.Malformed(
            f"BSS shows an item of the {key.noun} twice", detail=f"item {', '.join(twice)} of {key}"
        )
    return charges
