"""What the catalog item of a product should hold; pure.

Only an item with the external id of the product, `bss:{id}` in `integrationXRef`, is the product's own and is written. An item that
another user made is linked and left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.drafts import Change
from cwbridge.ledger.agreements import Agreed
from cwbridge.text import clip, many_lines, one_line, shorten
from worker.billing.document_rules import ProductRules
from worker.billing.keys import BillingKey, document_key
from worker.psa.catalog_matching import MAX_IDENTIFIER
from worker.psa.catalog_placement import Placement, PlacementRule
from worker.psa.money import exact
from worker.psa.records import DesiredProduct

MAX_DESCRIPTION = 60
MAX_CUSTOMER_DESCRIPTION = 6000
_AMOUNTS = frozenset({"price", "cost"})
_EXTERNAL_ID = re.compile(r"bss:(?P<id>[^:@\s]+)")


def external_id(key: BillingKey) -> str:
    """The `integrationXRef` of the catalog item that is made for the product."""
    return f"bss:{key.id}"


def owner(item: connectwise.CatalogItem) -> BillingKey | None:
    """The product that the item was made for; None for items of other origin."""
    found = _EXTERNAL_ID.fullmatch(item.integrationXRef or "")
    return None if found is None else document_key("product", found["id"])


def identifier(product: bss.Product) -> str:
    """The code, else the id: what people know the item by."""
    return shorten(one_line(product.code) or product.id, MAX_IDENTIFIER)


def shortened(product: bss.Product) -> tuple[str, ...]:
    """Which fields hold less than BSS does, because ConnectWise takes no more."""
    name, code = one_line(product.name), one_line(product.code)
    pairs = (("description", name, _description(product)), ("identifier", code, identifier(product)))
    return tuple(field for field, whole, kept in pairs if whole and whole != kept)


def placed(product: bss.Product) -> DesiredProduct:
    """The product as the placement rule reads it."""
    return DesiredProduct(
        identifier=identifier(product),
        qualified="",
        kind="product",
        description=_description(product),
        item_type=(product.productType.name if product.productType is not None else None) or "",
        unit=(product.unitOfMeasure.name if product.unitOfMeasure is not None else None) or "",
        identity=document_key("product", product.id).identity,
    )


def placement_rule(rules: ProductRules) -> PlacementRule:
    """Category, sub-category and type by the product type, the unit by the unit of measure. Cloud services have no stock."""

    def rule(product: DesiredProduct) -> Placement:
        place = rules.place_of(product.item_type)
        return Placement(
            category=place.category,
            subcategory=place.subcategory,
            type=place.type,
            type_xref="Service",
            product_class="Service",
            unit_of_measure=rules.unit_of(product.unit),
        )

    return rule


def fields(product: bss.Product) -> dict[str, Any]:
    """The fields that a create and an update write; None for those that are empty in BSS."""
    return {
        "description": _description(product),
        "customerDescription": clip(
            many_lines(product.fullDescription) or one_line(product.name) or identifier(product),
            MAX_CUSTOMER_DESCRIPTION,
        ),
        "price": None if product.sellPrice is None else exact(product.sellPrice),
        "cost": None if product.costPrice is None else exact(product.costPrice),
        "taxableFlag": product.isTaxable,
        "inactiveFlag": None if product.isActivated is None else not product.isActivated,
    }


def changes(
    item: connectwise.CatalogItem, desired: Mapping[str, Any], agreed: Mapping[str, Agreed]
) -> tuple[Change, ...]:
    """What leads from the item to the desired fields, by what both sides last agreed on.

    A field that has not changed in BSS keeps what ConnectWise or another user made of it, such as a rounded price. An amount that
    was sent and is empty in BSS now becomes 0.
    """
    return tuple(
        Change("replace", f"/{name}", value)
        for name, value in _to_write(desired, agreed)
        if getattr(item, name) != value and (name not in agreed or agreed[name].source != text(value))
    )


def agreed_on(item: connectwise.CatalogItem, desired: Mapping[str, Any]) -> dict[str, Agreed]:
    """What both sides agree on when everything is written and ConnectWise answered with `item`."""
    return {
        name: Agreed(text(value), text(getattr(item, name)))
        for name, value in desired.items()
        if value is not None
    }


def _to_write(desired: Mapping[str, Any], agreed: Mapping[str, Agreed]) -> Iterator[tuple[str, Any]]:
    for name, value in desired.items():
        if value is not None:
            yield name, value
        elif name in _AMOUNTS and name in agreed:
            yield name, Decimal(0)


def text(value: Any) -> str:
    """A value in the form in which it is kept and compared."""
    return "" if value is None else str(exact(value)) if isinstance(value, Decimal) else str(value)


def _description(product: bss.Product) -> str:
    return shorten(one_line(product.name) or identifier(product), MAX_DESCRIPTION)
