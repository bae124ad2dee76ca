"""Where the catalog items of a Jetbuilt project belong, by the settings.

The sub-category of factors is locked to `Factors`, as Jetbuilt's own export has it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from cwbridge.text import folded
from worker.opportunity.products import FACTORS
from worker.opportunity.settings import CatalogSettings
from worker.psa.catalog_placement import Placement, PlacementRule
from worker.psa.records import DesiredProduct


def placement_rule(names: CatalogSettings) -> PlacementRule:
    """Each kind of line has its place; equipment may be sorted by its Jetbuilt item type."""
    places = _places(names)
    by_item_type = {folded(item_type): name for item_type, name in names.item_types.items()}

    def rule(product: DesiredProduct) -> Placement:
        place = places[product.kind]
        if product.kind != "equipment":
            return place
        subcategory = by_item_type.get(folded(product.item_type), place.subcategory)
        return msgspec.structs.replace(place, subcategory=subcategory)

    return rule


def _places(names: CatalogSettings) -> dict[str, Placement]:
    def place(
        subcategory: str,
        type_name: str,
        type_xref: Literal["NonInventoryPart", "OtherCharge", "Service"],
        product_class: Literal["NonInventory", "Service"] = "Service",
    ) -> Placement:
        return Placement(
            category=names.category,
            subcategory=subcategory,
            type=type_name,
            type_xref=type_xref,
            product_class=product_class,
            unit_of_measure=names.unit_of_measure,
        )

    return {
        "equipment": place(
            names.subcategory_equipment, names.type_equipment, "NonInventoryPart", "NonInventory"
        ),
        "subcontract": place(names.subcategory_subcontract_labor, names.type_labor, "Service"),
        "labor": place(names.subcategory_labor, names.type_labor, "Service"),
        "factor": place(FACTORS, names.type_other, "OtherCharge"),
        "shipping": place(names.subcategory_shipping, names.type_other, "OtherCharge"),
        "service": place(names.subcategory_service, names.type_other, "OtherCharge"),
    }
