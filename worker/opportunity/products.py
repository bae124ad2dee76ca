"""The catalog items that lines need: identifiers, descriptions, and fall-backs when a name is taken."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from cwbridge.connectors.jetbuilt import models
from cwbridge.text import clip, one_line, shorten
from worker.psa.catalog_matching import MAX_IDENTIFIER
from worker.psa.records import DesiredProduct

Kind = Literal["equipment", "subcontract", "labor", "factor", "shipping", "service"]
FACTORS = "Factors"
"""The sub-category to which factors are locked, as Jetbuilt's own export has it."""
MAX_DESCRIPTION = 60
MAX_PART_NUMBER = 50
MAX_CUSTOMER_DESCRIPTION = 6000
_LABELS: dict[Kind, str] = {
    "equipment": "Equipment",
    "subcontract": "Subcontract",
    "labor": "Labor",
    "factor": "Factor",
    "shipping": "Shipping",
    "service": "Service",
}


def of_item(
    item: models.LineItem, template: str, *, kind: Kind, price: Decimal, cost: Decimal
) -> DesiredProduct:
    """The product of a line item: identifier by the template; its model is else its part number, else its description."""
    manufacturer = one_line(item.manufacturer_name)
    part_number = one_line(item.part_number)
    described = one_line(item.short_description)
    model = one_line(item.model) or part_number or described or f"Item {item.id}"
    shown = described or " ".join(part for part in (manufacturer, model) if part)
    filled = template.format(model=model, manufacturer=manufacturer, part_number=part_number)
    identifier = shorten(one_line(filled) or model, MAX_IDENTIFIER)
    return DesiredProduct(
        identifier=identifier,
        as_written=_as_written(item, template, identifier),
        qualified=shorten(f"{manufacturer or _LABELS[kind]} {model}", MAX_IDENTIFIER),
        kind=kind,
        description=clip(shown, MAX_DESCRIPTION),
        manufacturer=clip(manufacturer, 50),
        item_type=one_line(item.item_type.name) if item.item_type else "",
        part_number=clip(part_number or model, MAX_PART_NUMBER),
        customer_description=clip(shown, MAX_CUSTOMER_DESCRIPTION),
        price=price,
        cost=cost,
        taxable=bool(item.tax_equipment),
    )


def _as_written(item: models.LineItem, template: str, identifier: str) -> str:
    """The identifier from the texts of Jetbuilt as they are, "" where cleaning changes nothing."""
    model = next((text for text in (item.model, item.part_number) if one_line(text)), None)
    if model is None:
        return ""
    filled = template.format(
        model=model, manufacturer=item.manufacturer_name or "", part_number=item.part_number or ""
    )
    return "" if filled == identifier else filled


def named(
    kind: Kind, name: str, *, price: Decimal = Decimal(0), cost: Decimal = Decimal(0)
) -> DesiredProduct:
    """The product of labor, a factor, shipping or a service package, known by its name alone."""
    return DesiredProduct(
        identifier=shorten(name, MAX_IDENTIFIER),
        qualified=shorten(f"{_LABELS[kind]} {name}", MAX_IDENTIFIER),
        kind=kind,
        description=clip(name, MAX_DESCRIPTION),
        customer_description=clip(name, MAX_CUSTOMER_DESCRIPTION),
        price=price,
        cost=cost,
        taxable=False,
        locked_subcategory=FACTORS if kind == "factor" else "",
    )
