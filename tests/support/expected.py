"""A second opinion on what ConnectWise should hold, worked out from Jetbuilt's JSON alone by the mapping table of the design.

It shares no code with the projection on purpose: two people reading one table should come to the same cents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from tests.support.jetbuilt import Jetbuilt

Json = dict[str, Any]
Lines = dict[str, "Line"]
_CENT = Decimal("0.01")
_ZERO = Decimal(0)
_ONE = Decimal(1)


class Line(msgspec.Struct, frozen=True):
    """One product item by what it costs; of a `lump` only the amount matters, not how it is made up."""

    quantity: Decimal
    price: Decimal
    cost: Decimal
    lump: bool = False

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        """Price and cost of all units, in cents."""
        return cents(self.quantity * self.price), cents(self.quantity * self.cost)

    def is_held_by(self, found: Line) -> bool:
        if self.lump:
            return self.amounts == found.amounts
        return (self.quantity, self.price, self.cost) == (found.quantity, found.price, found.cost)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity: its lines by Jetbuilt line, and Jetbuilt's own total without tax."""

    external_id: str
    key: str
    project: Json
    lines: Lines
    total: Decimal
    option: Json | None = None


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


async def of_all(jetbuilt: Jetbuilt) -> dict[str, Expected]:
    """What every project and every option should become, by external id; templates and trash become nothing."""
    found: list[Expected] = []
    for project in await jetbuilt.projects():
        if project["stage"] not in {"template", "trash"}:
            found.append(await _project(jetbuilt, project))
            found += [
                _option(project, option)
                for option in await jetbuilt.options(project["id"])
                if option["active"]
            ]
    return {one.external_id: one for one in found}


async def _project(jetbuilt: Jetbuilt, project: Json) -> Expected:
    items = await jetbuilt.items(project["id"])
    packages = await jetbuilt.packages(project["id"])
    family = project["original_version_id"] or project["id"]
    parts = (project["equipment_total"], project["labor_total"], project["shipping_total"])
    return Expected(
        external_id=f"jetbuilt:{family}",
        key=f"jetbuilt/project/{family}",
        project=project,
        lines=dict(_project_lines(project, items, packages)),
        total=sum((Decimal(part) for part in parts), _ZERO),
    )


def _option(project: Json, option: Json) -> Expected:
    family = project["original_version_id"] or project["id"]
    return Expected(
        external_id=f"jetbuilt:{family}:option:{option['id']}",
        key=f"jetbuilt/project/{family}/option/{option['id']}",
        project=project,
        option=option,
        lines=dict(_option_lines(option)),
        total=Decimal(option["total"]) - cents(_tax(project, option)),
    )


def _project_lines(project: Json, items: Json, packages: list[Json]) -> Iterator[tuple[str, Line]]:
    yield from _items(item for item in items["line_items"] if item["option"] is None)
    for labor in project["labor"]:
        if Decimal(labor["total_hours"]):
            hours, price, cost = (Decimal(labor[name]) for name in ("total_hours", "price", "cost"))
            short = hours == round(hours, 4)
            yield (
                f"labor:{labor['id']}",
                Line(hours, price, cost) if short else Line(_ONE, cents(hours * price), cents(hours * cost)),
            )
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


def _option_lines(option: Json) -> Iterator[tuple[str, Line]]:
    items = option["line_items"]
    yield from _items(items)
    work: defaultdict[int, list[Json]] = defaultdict(list)
    for labor in (entry for item in items for entry in item["labor"] if Decimal(entry["minutes"])):
        work[labor["labor_type"]["id"]].append(labor)
    for kind, entries in work.items():
        price, cost = (sum(Decimal(entry[name]) for entry in entries) for name in ("price", "cost"))
        yield f"labor:{kind}", Line(Decimal(1), Decimal(price), Decimal(cost), lump=True)
    for place, credit in enumerate(option["labor_credits"], start=1):
        hours, price, cost = (Decimal(credit[name]) for name in ("hours", "unit_price", "unit_cost"))
        yield f"credit:{place}", Line(-hours, price, cost)
    for factor in option["factors"]:
        if Decimal(factor["total_price"]) or Decimal(factor["total_cost"]):
            yield f"factor:{factor['id']}", _amount(factor["total_price"], factor["total_cost"])
    shipping = sum((_shipping(item) for item in items if _is_sold(item)), _ZERO)
    if shipping:
        yield "shipping", Line(Decimal(1), shipping, _ZERO)


def _items(items: Iterable[Json]) -> Iterator[tuple[str, Line]]:
    for item in items:
        if item["kind"] != "hourly_labor":
            yield f"item:{item['id']}", _item(item)


def _item(item: Json) -> Line:
    if item["owner_furnished"]:
        return Line(Decimal(item["quantity"]), _ZERO, _ZERO)
    if item["kind"] == "subcontract_labor":
        price, cost = item["subcontract_labor_price"], item["subcontract_labor_cost"]
    else:
        price, cost = item["price"], item["project_cost"]
    return Line(Decimal(item["quantity"]), Decimal(price), Decimal(cost))


def _amount(price: str, cost: str) -> Line:
    return Line(Decimal(1), cents(Decimal(price)), cents(Decimal(cost)))


def _is_sold(item: Json) -> bool:
    return item["kind"] == "physical" and not item["owner_furnished"]


def _shipping(item: Json) -> Decimal:
    return cents(Decimal(item["shipping_price"]) * Decimal(item["quantity"]))


def _tax(project: Json, option: Json) -> Decimal:
    """The tax in an option's total, which Jetbuilt does not show by itself."""
    goods = work = _ZERO
    for item in option["line_items"]:
        if _is_sold(item) and item["tax_equipment"]:
            goods += cents(Decimal(item["price"]) * Decimal(item["quantity"]))
        if _is_sold(item) and item["tax_shipping"]:
            goods += _shipping(item)
        work += sum((Decimal(entry["price"]) for entry in item["labor"] if entry["taxable"]), _ZERO)
    factors = sum((Decimal(factor["total_tax"]) for factor in option["factors"]), _ZERO)
    return goods * Decimal(project["sales_tax"]) + work * Decimal(project["labor_tax"]) + factors
