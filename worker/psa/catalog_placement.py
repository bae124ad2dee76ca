"""Resolves type, category, unit and manufacturer of a catalog item by the names that a flow's rule gives; missing ones are created."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from worker.psa.name_table import NameTable, NameTables, by_name
from worker.psa.records import DesiredProduct

PLACES = frozenset({"category", "subcategory", "type", "unitofmeasure", "manufacturer"})
"""The references of a catalog item that place it, in lower case."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """The placement of a product: names, the accounting class of its type, the stock class of the item."""

    category: str
    subcategory: str
    type: str
    type_xref: Literal["InventoryPart", "NonInventoryPart", "OtherCharge", "Service"]
    product_class: Literal["NonInventory", "Service"]
    unit_of_measure: str


PlacementRule = Callable[[DesiredProduct], Placement]


class CatalogPlacement:
    """Resolves the names of categories, types, units and manufacturers to references."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        tables: NameTables,
        rule: PlacementRule,
    ) -> None:
        self._client = client
        self._tables = tables
        self._rule = rule
        self._categories = tables.of("category", client.categories, by_name)
        self._types = tables.of("product type", client.product_types, by_name)
        self._units = tables.of("unit of measure", client.units_of_measure, by_name)
        self._manufacturers = tables.of("manufacturer", client.manufacturers, by_name)
        self._subcategories: dict[int, NameTable[models.SubCategory]] = {}

    def forget(self) -> None:
        """Read the tables again next time, because ConnectWise no longer has a row of them."""
        for table in (self._categories, self._types, self._units, self._manufacturers):
            table.forget()
        self._subcategories.clear()

    async def fields(self, product: DesiredProduct) -> dict[str, Any]:
        """The fields of a catalog draft that place `product`."""
        place = self._rule(product)
        product_type = await self._types.ensure(place.type, {"name": place.type, "typeXref": place.type_xref})
        unit = await self._units.ensure(place.unit_of_measure, {"name": place.unit_of_measure})
        fields: dict[str, Any] = {
            "subcategory": {"id": await self._subcategory(place)},
            "type": {"id": product_type.id},
            "productClass": place.product_class,
            "unitOfMeasure": {"id": unit.id},
        }
        if product.manufacturer:
            maker = await self._manufacturers.ensure(product.manufacturer, {"name": product.manufacturer})
            fields["manufacturer"] = {"id": maker.id}
        return fields

    async def missing(self, products: Iterable[DesiredProduct]) -> list[str]:
        """Every name that the products need and ConnectWise does not have, with its noun: `category 'Jetbuilt'`."""
        tables: dict[tuple[NameTable[Any], str], None] = {}
        subcategories: dict[str, None] = {}
        for product in products:
            place = self._rule(product)
            tables[self._categories, place.category] = None
            if not await self._has_subcategory(place):
                subcategories[f"sub-category {place.subcategory!r}"] = None
            tables[self._types, place.type] = None
            tables[self._units, place.unit_of_measure] = None
            if product.manufacturer:
                tables[self._manufacturers, product.manufacturer] = None
        absent = [(table, name) for table, name in tables if await table.find(name) is None]
        return [
            *(_told(table, name) for table, name in absent if table is self._categories),
            *subcategories,
            *(_told(table, name) for table, name in absent if table is not self._categories),
        ]

    async def _has_subcategory(self, place: Placement) -> bool:
        category = await self._categories.find(place.category)
        return category is not None and await self._within(category.id).find(place.subcategory) is not None

    async def _subcategory(self, place: Placement) -> int:
        """Sub-category names are unique within their category only, so they are looked up within one category."""
        category = await self._categories.ensure(place.category, {"name": place.category})
        draft = {"name": place.subcategory, "category": {"id": category.id}}
        return (await self._within(category.id).ensure(place.subcategory, draft)).id

    def _within(self, category: int) -> NameTable[models.SubCategory]:
        table = self._subcategories.get(category)
        if table is None:
            table = self._tables.of(
                "sub-category",
                self._client.subcategories,
                by_name,
                scope=lambda row: row.category is not None and row.category.id == category,
            )
            self._subcategories[category] = table
        return table


def _told(table: NameTable[Any], name: str) -> str:
    return f"{table.noun} {name!r}"
