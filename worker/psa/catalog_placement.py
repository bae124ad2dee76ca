"""Types and categories: where a catalog item belongs, by the names in the settings, created when missing.

The sub-category of factors is locked to `Factors`, as Jetbuilt's own export has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from cwbridge import locks, settings
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.text import folded
from worker.opportunity.desired import DesiredProduct, Kind
from worker.psa.name_table import NameTable

FACTORS = "Factors"
_Accounting = Literal["InventoryPart", "NonInventoryPart", "OtherCharge", "Service"]


class Shelf(msgspec.Struct, frozen=True):
    """Where a kind of product belongs: names, the accounting class of its type, the stock class of the item."""

    subcategory: str
    type: str
    type_xref: _Accounting
    product_class: Literal["NonInventory", "Service"]


def shelves(names: settings.CatalogSettings) -> dict[Kind, Shelf]:
    """The shelf of each kind of line."""
    return {
        "equipment": Shelf(
            names.subcategory_equipment, names.type_equipment, "NonInventoryPart", "NonInventory"
        ),
        "subcontract": Shelf(names.subcategory_subcontract_labor, names.type_labor, "Service", "Service"),
        "labor": Shelf(names.subcategory_labor, names.type_labor, "Service", "Service"),
        "factor": Shelf(FACTORS, names.type_other, "OtherCharge", "Service"),
        "shipping": Shelf(names.subcategory_shipping, names.type_other, "OtherCharge", "Service"),
        "service": Shelf(names.subcategory_service, names.type_other, "OtherCharge", "Service"),
    }


class CatalogPlacement:
    """Resolves the names of shelves, units, manufacturers and opportunity types to references."""

    def __init__(
        self, client: connectwise.ConnectWiseClient, locker: locks.Locks, names: settings.CatalogSettings
    ) -> None:
        self._client = client
        self._locks = locker
        self._names = names
        self.shelves = shelves(names)
        self._by_item_type = {folded(item_type): name for item_type, name in names.item_types.items()}
        self._categories = NameTable(
            "category", client.categories, locker=locker, names_of=lambda row: (row.name,)
        )
        self._types = NameTable(
            "product type", client.product_types, locker=locker, names_of=lambda row: (row.name,)
        )
        self._units = NameTable(
            "unit of measure", client.units_of_measure, locker=locker, names_of=lambda row: (row.name,)
        )
        self._manufacturers = NameTable(
            "manufacturer", client.manufacturers, locker=locker, names_of=lambda row: (row.name,)
        )
        self._opportunity_types = NameTable(
            "opportunity type",
            client.opportunity_types,
            locker=locker,
            names_of=lambda row: (row.description,),
        )
        self._subcategories: dict[int, NameTable[models.SubCategory]] = {}

    async def opportunity_type(self, name: str) -> int:
        """The id of the opportunity type of that name."""
        return (await self._opportunity_types.ensure(name, {"description": name})).id

    async def placement(self, product: DesiredProduct) -> dict[str, Any]:
        """The part of a catalog draft that says where `product` belongs."""
        shelf = self.shelves[product.kind]
        product_type = await self._types.ensure(shelf.type, {"name": shelf.type, "typeXref": shelf.type_xref})
        unit = await self._units.ensure(self._names.unit_of_measure, {"name": self._names.unit_of_measure})
        placed: dict[str, Any] = {
            "subcategory": {"id": await self._subcategory(self._subcategory_of(product, shelf))},
            "type": {"id": product_type.id},
            "productClass": shelf.product_class,
            "unitOfMeasure": {"id": unit.id},
        }
        if product.manufacturer:
            maker = await self._manufacturers.ensure(product.manufacturer, {"name": product.manufacturer})
            placed["manufacturer"] = {"id": maker.id}
        return placed

    async def missing(self, products: Iterable[DesiredProduct], opportunity_type: str) -> list[str]:
        """Every name the opportunity and its products need that ConnectWise does not have."""
        desired: dict[tuple[NameTable[Any], str], None] = {(self._opportunity_types, opportunity_type): None}
        desired[self._categories, self._names.category] = None
        category = await self._categories.find(self._names.category)
        absent = []
        for product in products:
            shelf = self.shelves[product.kind]
            name = self._subcategory_of(product, shelf)
            if category is None or await self._within(category.id).find(name) is None:
                absent.append(f"sub-category {name!r}")
            desired[self._types, shelf.type] = None
            desired[self._units, self._names.unit_of_measure] = None
            if product.manufacturer:
                desired[self._manufacturers, product.manufacturer] = None
        found = [f"{table.noun} {name!r}" for table, name in desired if await table.find(name) is None]
        return [*found[:2], *dict.fromkeys(absent), *found[2:]]

    def _subcategory_of(self, product: DesiredProduct, shelf: Shelf) -> str:
        """Equipment may be sorted by its Jetbuilt item type; everything else has one place."""
        if product.kind != "equipment":
            return shelf.subcategory
        return self._by_item_type.get(folded(product.item_type), shelf.subcategory)

    async def _subcategory(self, name: str) -> int:
        """Sub-category names are unique within their category only, so they are looked for in ours alone."""
        category = await self._categories.ensure(self._names.category, {"name": self._names.category})
        table = self._within(category.id)
        return (await table.ensure(name, {"name": name, "category": {"id": category.id}})).id

    def _within(self, category: int) -> NameTable[models.SubCategory]:
        table = self._subcategories.get(category)
        if table is None:
            table = NameTable(
                "sub-category",
                self._client.subcategories,
                locker=self._locks,
                names_of=lambda row: (row.name,),
                scope=lambda row: row.category is not None and row.category.id == category,
            )
            self._subcategories[category] = table
        return table
