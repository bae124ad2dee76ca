"""The lines of an option or change order: its items, their labor, labor it saves, factors and shipping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from cwbridge.connectors.jetbuilt import models
from cwbridge.text import one_line
from worker.opportunity import products
from worker.opportunity.desired import Rules
from worker.opportunity.lines import (
    factor_line,
    in_short_decimals,
    of_items,
    plain,
    shipping_line,
)
from worker.psa.money import cents, exact
from worker.psa.records import DesiredLine

_MINUTES = Decimal(60)
# Ten minutes are 0.1666... hours: a quantity without an end, and an hourly amount that Jetbuilt does not name.
_ZERO = Decimal(0)


def of_option(project: models.Project, option: models.Option, rules: Rules) -> tuple[DesiredLine, ...]:
    """All lines of an option; labor comes from its items, and labor credits count negatively."""
    items = option.line_items
    shipping = sum((_shipping(item) for item in items), _ZERO)
    return (
        *of_items(project, items, rules),
        *_labor(items),
        *(_credit(place, credit) for place, credit in enumerate(option.labor_credits, start=1)),
        *(factor_line(factor) for factor in option.factors if factor.total_price or factor.total_cost),
        *([shipping_line(shipping, items)] if shipping else []),
    )


def total_without_tax(project: models.Project, option: models.Option) -> Decimal | None:
    """Jetbuilt's total of the option less the tax in it, which the API does not tell apart: it is worked out from the rates."""
    if option.total is None:
        return None
    return cents(option.total) - cents(_tax(project, option))


def _tax(project: models.Project, option: models.Option) -> Decimal:
    rate, labor_rate = project.sales_tax or _ZERO, project.labor_tax or _ZERO
    taxed = sum((cents((item.price or _ZERO) * (item.quantity or _ZERO)) for item in _taxed(option)), _ZERO)
    shipping = sum((_shipping(item) for item in option.line_items if item.tax_shipping), _ZERO)
    work = sum(
        (entry.price or _ZERO for item in option.line_items for entry in item.labor or () if entry.taxable),
        _ZERO,
    )
    factors = sum((factor.total_tax or _ZERO for factor in option.factors), _ZERO)
    return (taxed + shipping) * rate + work * labor_rate + factors


def _taxed(option: models.Option) -> Iterator[models.LineItem]:
    for item in option.line_items:
        if item.tax_equipment and item.kind == "physical" and not item.owner_furnished:
            yield item


def _shipping(item: models.LineItem) -> Decimal:
    if item.kind != "physical" or item.owner_furnished:
        return _ZERO
    return cents((item.shipping_price or _ZERO) * (item.quantity or _ZERO))


def _labor(items: Iterable[models.LineItem]) -> Iterator[DesiredLine]:
    """One line per labor type: hours and hourly amounts where they multiply to the same cents, else one amount."""
    by_type: dict[int, list[models.ItemLabor]] = {}
    for item in items:
        for entry in item.labor or ():
            if entry.labor_type is not None and entry.minutes:
                by_type.setdefault(entry.labor_type.id, []).append(entry)
    for type_id, entries in by_type.items():
        yield _labor_line(type_id, entries)


def _labor_line(type_id: int, entries: list[models.ItemLabor]) -> DesiredLine:
    first = entries[0]
    name = one_line(first.labor_type.name if first.labor_type else "") or f"Labor {type_id}"
    hours = sum((entry.minutes or _ZERO for entry in entries), _ZERO) / _MINUTES
    price = sum((entry.price or _ZERO for entry in entries), _ZERO)
    cost = sum((entry.cost or _ZERO for entry in entries), _ZERO)
    hourly_price, hourly_cost = _hourly(first.price, first.minutes), _hourly(first.cost, first.minutes)
    if (
        in_short_decimals(hours)
        and cents(hours * hourly_price) == cents(price)
        and cents(hours * hourly_cost) == cents(cost)
    ):
        quantity = exact(hours)
    else:
        quantity, hourly_price, hourly_cost = Decimal(1), cents(price), cents(cost)
    product = products.named("labor", name, price=hourly_price, cost=hourly_cost)
    return plain(
        f"labor:{type_id}",
        product,
        quantity=quantity,
        price=hourly_price,
        cost=hourly_cost,
        taxable=all(entry.taxable for entry in entries),
    )


def _hourly(amount: Decimal | None, minutes: Decimal | None) -> Decimal:
    return cents((amount or _ZERO) * _MINUTES / minutes) if minutes else _ZERO


def _credit(place: int, credit: models.LaborCredit) -> DesiredLine:
    """Labor that the option makes unnecessary: the same line with negative hours."""
    name = one_line(credit.labor_type) or f"Labor {place}"
    product = products.named("labor", name, price=exact(credit.unit_price), cost=exact(credit.unit_cost))
    return plain(
        f"credit:{place}",
        product,
        quantity=exact(-(credit.hours or _ZERO)),
        price=product.price,
        cost=product.cost,
        taxable=False,
        told="labor credit",
    )
