"""What a project should become in ConnectWise, worked out a second time from the stand-in's own state and the mapping table.

It shares no code with the worker's projection on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from sandbox.jetbuilt.pricing import counts
from sandbox.jetbuilt.records import Record

Amounts = tuple[Decimal, Decimal, Decimal]
_ONE, _ZERO = Decimal(1), Decimal(0)
_FINEST_HOURS = Decimal("0.0001")


def lines(record: Record) -> Iterator[tuple[str, Amounts]]:
    """Every line by its key, with quantity, price and cost."""
    yield from _items(record)
    yield from _labor(record)
    yield from _extras(record)


def _items(record: Record) -> Iterator[tuple[str, Amounts]]:
    for line in record.project.lines:
        if line.option_id is not None or line.kind == "hourly_labor":
            continue
        price, cost = line.price, line.project_cost
        if line.kind == "subcontract_labor":
            price, cost = line.subcontract_labor_price, line.subcontract_labor_cost
        if line.owner_furnished:
            price = cost = _ZERO
        yield f"item:{line.id}", (record.pricing.quantity(line), price, cost)


def _labor(record: Record) -> Iterator[tuple[str, Amounts]]:
    """Hours times an hourly amount; hours that four decimals cannot hold are one amount, true to the cent."""
    for kind in record.project.labor:
        hours = record.pricing.hours[kind.id]
        if not hours:
            continue
        if hours == hours.quantize(_FINEST_HOURS):
            yield f"labor:{kind.id}", (hours, kind.price, kind.cost)
        else:
            yield f"labor:{kind.id}", (_ONE, _cents(hours * kind.price), _cents(hours * kind.cost))


def _extras(record: Record) -> Iterator[tuple[str, Amounts]]:
    """Factors, shipping and the service packages that are included or sold."""
    for factor in record.project.factors:
        amount = record.pricing.factor(factor)
        yield f"factor:{factor.id}", (_ONE, _cents(amount.price), _cents(amount.cost))
    if record.totals.shipping:
        yield "shipping", (_ONE, _cents(record.totals.shipping), _ZERO)
    for package in record.project.service_packages:
        if counts(package):
            amount = record.pricing.package(package)
            yield f"package:{package.id}", (_ONE, _cents(amount.price), _cents(amount.cost))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
