"""The lines of a project as product items, by the rules of the mapping table (docs/mapping.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from cwbridge.connectors.jetbuilt import models
from cwbridge.text import clip, many_lines, one_line
from worker.opportunity import products
from worker.opportunity.desired import Rules
from worker.opportunity.products import MAX_CUSTOMER_DESCRIPTION, Kind
from worker.opportunity.source import Source
from worker.psa.money import cents, exact
from worker.psa.records import DesiredLine, DesiredProduct

MAX_DESCRIPTION = 2000
MAX_NOTES = 1000
MAX_VENDOR_SKU = 50
_ZERO = Decimal(0)
_FINEST_HOURS = Decimal("0.0001")


def of_project(source: Source, rules: Rules) -> tuple[DesiredLine, ...]:
    """All lines in the order of the project's rooms and systems, then labor, factors, shipping and service packages."""
    items = [item for item in source.items.line_items if item.option is None]
    return (
        *of_items(source.project, items, rules),
        *(_labor(labor, items) for labor in source.project.labor or () if labor.total_hours),
        *(factor_line(factor) for factor in source.items.factors),
        *_shipping(source),
        *(_package(package) for package in source.packages if _sold(package)),
    )


def of_items(
    project: models.Project, items: Iterable[models.LineItem], rules: Rules
) -> Iterator[DesiredLine]:
    """The lines of items in the order of rooms and systems; owner-furnished ones at no charge or not at all."""
    for item in _in_order(project, items):
        if item.owner_furnished and not rules.no_charge_owner_furnished:
            continue
        line = _item(item, rules.identifier_template)
        if line is not None:
            yield line


def _in_order(project: models.Project, items: Iterable[models.LineItem]) -> list[models.LineItem]:
    """Room by room and system by system as the project lists them."""
    rooms = {room.id: place for place, room in enumerate(project.rooms or ())}
    systems = {system.id: place for place, system in enumerate(project.systems or ())}
    last = len(rooms) + len(systems)

    def place(item: models.LineItem) -> tuple[int, int]:
        room = rooms.get(item.room.id, last) if item.room else last
        system = systems.get(item.system.id, last) if item.system else last
        return room, system

    return sorted(items, key=place)


def _item(item: models.LineItem, template: str) -> DesiredLine | None:
    """A physical or subcontract item; hourly labor items are part of the project's labor and give no line."""
    if item.kind == "hourly_labor":
        return None
    subcontract = item.kind == "subcontract_labor"
    price = item.subcontract_labor_price if subcontract else item.price
    cost = item.subcontract_labor_cost if subcontract else item.project_cost
    kind: Kind = "subcontract" if subcontract else "equipment"
    product = products.of_item(item, template, kind=kind, price=exact(price), cost=exact(cost))
    furnished = bool(item.owner_furnished)
    return DesiredLine(
        key=f"item:{item.id}",
        product=product,
        quantity=exact(item.quantity),
        price=_ZERO if furnished else exact(price),
        cost=_ZERO if furnished else exact(cost),
        description=clip(product.customer_description, MAX_DESCRIPTION),
        customer_description=clip(_told_customer(item, product), MAX_CUSTOMER_DESCRIPTION),
        internal_notes=clip(_notes(item), MAX_NOTES),
        vendor_sku=clip(one_line(item.part_number), MAX_VENDOR_SKU),
        billable="NoCharge" if furnished else "Billable",
        taxable=bool(item.tax_equipment),
    )


def _told_customer(item: models.LineItem, product: DesiredProduct) -> str:
    """The description and what Jetbuilt shows the customer beside it."""
    return "\n".join(part for part in (product.customer_description, many_lines(item.external_notes)) if part)


def _notes(item: models.LineItem) -> str:
    """Room and system of the item and its notes, for the people who order and install."""
    places = " / ".join(
        one_line(place.name) for place in (item.room, item.system) if place is not None and place.name
    )
    return "\n".join(part for part in (places, many_lines(item.notes)) if part)


def _labor(labor: models.Labor, items: Iterable[models.LineItem]) -> DesiredLine:
    """Hours and hourly amounts; hours that no short decimal holds (ten minutes) become one amount, true to the cent."""
    entries = [
        entry
        for item in items
        for entry in item.labor or ()
        if entry.labor_type is not None and entry.labor_type.id == labor.id
    ]
    hours = labor.total_hours or _ZERO
    quantity, price, cost, told = hours, exact(labor.price), exact(labor.cost), ""
    if not in_short_decimals(hours):
        quantity, price, cost = Decimal(1), cents(hours * price), cents(hours * cost)
        told = f"{hours:.2f} h"
    product = products.named(
        "labor",
        one_line(labor.name) or f"Labor {labor.id}",
        price=exact(labor.price),
        cost=exact(labor.cost),
    )
    return plain(
        f"labor:{labor.id}",
        product,
        quantity=exact(quantity),
        price=price,
        cost=cost,
        taxable=bool(entries) and all(entry.taxable for entry in entries),
        told=told,
    )


def in_short_decimals(hours: Decimal) -> bool:
    """Whether `hours` is exact with four decimals; what is not cannot be multiplied to the same cents elsewhere."""
    return hours == hours.quantize(_FINEST_HOURS)


def factor_line(factor: models.Factor) -> DesiredLine:
    """A factor is one amount: quantity 1, its total in cents."""
    product = products.named("factor", one_line(factor.name) or f"Factor {factor.id}")
    return plain(
        f"factor:{factor.id}",
        product,
        quantity=Decimal(1),
        price=cents(factor.total_price),
        cost=cents(factor.total_cost),
        taxable=bool(factor.taxed),
        told=one_line(factor.description),
    )


def _shipping(source: Source) -> Iterator[DesiredLine]:
    """One line for all shipping; Jetbuilt tells the price only, so its cost is 0."""
    total = cents(source.project.shipping_total)
    if total:
        items = [item for item in source.items.line_items if item.option is None]
        yield shipping_line(total, items)


def shipping_line(total: Decimal, items: Iterable[models.LineItem]) -> DesiredLine:
    """Taxable when the shipping of all `items` is."""
    shipped = [item for item in items if item.shipping_price]
    taxable = bool(shipped) and all(item.tax_shipping for item in shipped)
    product = products.named("shipping", "Shipping")
    return plain("shipping", product, quantity=Decimal(1), price=total, cost=_ZERO, taxable=taxable)


def _package(package: models.ServicePackage) -> DesiredLine:
    product = products.named("service", one_line(package.name) or f"Service package {package.id}")
    return plain(
        f"package:{package.id}",
        product,
        quantity=Decimal(1),
        price=cents(package.calculated_price),
        cost=cents(package.calculated_cost),
        taxable=bool(package.taxed),
    )


def _sold(package: models.ServicePackage) -> bool:
    return bool(package.sold) or package.purchase_type == "included"


def plain(
    key: str,
    product: DesiredProduct,
    *,
    quantity: Decimal,
    price: Decimal,
    cost: Decimal,
    taxable: bool,
    told: str = "",
) -> DesiredLine:
    shown = " - ".join(part for part in (product.customer_description, told) if part)
    return DesiredLine(
        key=key,
        product=product,
        quantity=quantity,
        price=price,
        cost=cost,
        description=clip(shown, MAX_DESCRIPTION),
        customer_description=clip(shown, MAX_CUSTOMER_DESCRIPTION),
        taxable=taxable,
    )
