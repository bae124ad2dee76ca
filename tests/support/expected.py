"""A second opinion on what ConnectWise should hold, worked out from Jetbuilt's JSON alone by the mapping table of the design.

It shares no code with the projection on purpose: two people reading one table should come to the same cents.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from tests.support.jetbuilt import Jetbuilt

Json = dict[str, Any]
_CENT = Decimal("0.01")


class Line(msgspec.Struct, frozen=True):
    """One product item by what it costs."""

    quantity: Decimal
    price: Decimal
    cost: Decimal

    @property
    def total(self) -> Decimal:
        return cents(self.quantity * self.price)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity: its lines by Jetbuilt line, and Jetbuilt's own total without tax."""

    family: int
    project: Json
    lines: dict[str, Line]
    total: Decimal

    @property
    def mark(self) -> str:
        return f"jetbuilt:{self.family}"

    @property
    def key(self) -> str:
        return f"jetbuilt/project/{self.family}"


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


async def of(jetbuilt: Jetbuilt, project_id: int) -> Expected:
    """What the project should become."""
    project = await jetbuilt.get(f"/projects/{project_id}")
    items, packages = await jetbuilt.items(project_id), await jetbuilt.packages(project_id)
    parts = (project["equipment_total"], project["labor_total"], project["shipping_total"])
    return Expected(
        family=project["original_version_id"] or project["id"],
        project=project,
        lines=dict(_lines(project, items, packages)),
        total=sum((Decimal(part) for part in parts), Decimal(0)),
    )


async def of_all(jetbuilt: Jetbuilt) -> dict[str, Expected]:
    """What every project should become, by mark; templates and trash become nothing."""
    projects = await jetbuilt.projects()
    exported = [project for project in projects if project["stage"] not in {"template", "trash"}]
    found = [await of(jetbuilt, project["id"]) for project in exported]
    return {one.mark: one for one in found}


def _lines(project: Json, items: Json, packages: list[Json]) -> Iterator[tuple[str, Line]]:
    for item in items["line_items"]:
        if item["option"] is None and item["kind"] != "hourly_labor":
            yield f"item:{item['id']}", _item(item)
    for labor in project["labor"]:
        if Decimal(labor["total_hours"]):
            hours, price, cost = (Decimal(labor[name]) for name in ("total_hours", "price", "cost"))
            yield f"labor:{labor['id']}", Line(hours, price, cost)
    for factor in items["factors"]:
        yield f"factor:{factor['id']}", _amount(factor["total_price"], factor["total_cost"])
    if Decimal(project["shipping_total"]):
        yield "shipping", _amount(project["shipping_total"], "0")
    for package in packages:
        if package["sold"] or package["purchase_type"] == "included":
            yield (
                f"package:{package['id']}",
                _amount(package["calculated_price"], package["calculated_cost"]),
            )


def _item(item: Json) -> Line:
    if item["owner_furnished"]:
        return Line(Decimal(item["quantity"]), Decimal(0), Decimal(0))
    if item["kind"] == "subcontract_labor":
        price, cost = item["subcontract_labor_price"], item["subcontract_labor_cost"]
    else:
        price, cost = item["price"], item["project_cost"]
    return Line(Decimal(item["quantity"]), Decimal(price), Decimal(cost))


def _amount(price: str, cost: str) -> Line:
    return Line(Decimal(1), cents(Decimal(price)), cents(Decimal(cost)))
