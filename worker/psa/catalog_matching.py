"""Tells which catalog item is a product, from plain data."""

from __future__ import annotations

from collections.abc import Iterable

from cwbridge import errors
from cwbridge.connectors.connectwise import models
from cwbridge.ledger.catalog import CatalogKey
from cwbridge.text import folded
from worker.psa.records import DesiredProduct

MAX_IDENTIFIER = 75
"""Of a catalog item, in UTF-16 units (specification)."""


def unite(lists: Iterable[Iterable[models.CatalogItem]]) -> list[models.CatalogItem]:
    """Each item of the lists once."""
    return list({item.id: item for items in lists for item in items}.values())


def forms(product: DesiredProduct) -> tuple[str, ...]:
    """The spellings under which ConnectWise may hold the item; it compares identifiers character by character."""
    written = product.as_written
    storable = written and len(written.encode("utf-16-le", "surrogatepass")) <= 2 * MAX_IDENTIFIER
    return (product.identifier, written) if storable else (product.identifier,)


def catalog_key_of(product: DesiredProduct) -> CatalogKey:
    """The cache key of a product: items of several manufacturers may share one identifier."""
    owner = folded(product.manufacturer) or folded(product.locked_subcategory)
    return CatalogKey(folded(product.identifier), owner)


def only(product: DesiredProduct, active: list[models.CatalogItem]) -> models.CatalogItem | None:
    """The one active item, or None; raises Ambiguous when there are several."""
    if len(active) > 1:
        raise errors.Ambiguous(
            "Several active catalog items have one identifier",
            detail=f"{product.identifier!r}: catalog items {', '.join(str(item.id) for item in active)}",
            remedy="Inactivate or rename all but one of them in ConnectWise, then requeue.",
        )
    return active[0] if active else None


def inactive(product: DesiredProduct, item: models.CatalogItem) -> errors.Refused:
    """The refusal of a product whose item a user has inactivated."""
    return errors.Refused(
        "A catalog item is inactive",
        detail=f"{product.identifier!r}, catalog item {item.id} {item.identifier!r}",
        remedy="Activate it in ConnectWise, or set catalog.inactive_items to reactivate; then requeue.",
    )


def fits(product: DesiredProduct, item: models.CatalogItem) -> bool:
    """Whether the item has the locked sub-category of the product or, when none is locked, no other manufacturer."""
    if product.locked_subcategory:
        return item.subcategory is not None and folded(item.subcategory.name) == folded(
            product.locked_subcategory
        )
    if not product.manufacturer or item.manufacturer is None or not item.manufacturer.name:
        return True
    return folded(item.manufacturer.name) == folded(product.manufacturer)
