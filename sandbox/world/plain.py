"""A project of exactly N ordinary lines, for measurements and small tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.world.labor import labor_types
from sandbox.world.lines import CENT
from sandbox.world.model import Address, Group, Line, Product, Project, Room, Stage
from sandbox.world.numbers import Numbers


def plain_project(
    products: Sequence[Product],
    numbers: Numbers,
    *,
    lines: int,
    at: datetime,
    owner_id: int,
    client_id: int,
    office_id: int,
    name: str = "Plain project",
    stage: Stage = "proposal",
    distinct_products: bool = False,
) -> Project:
    """Return a project with one room and system and `lines` physical lines, without labor, factors or tax.

    The lines walk through the usable products; with `distinct_products` a number is appended to each model, so that
    no two lines share an identifier.
    """
    usable = [
        product for product in products if product.model and not product.custom and len(product.model) < 60
    ]
    room = Room(id=next(numbers.rooms), name="Main Room", quantity=1, created_at=at, updated_at=at)
    system = Group(id=next(numbers.systems), name="Audio", created_at=at, updated_at=at)
    placed = (
        _line(
            usable[nth % len(usable)],
            line_id=next(numbers.lines),
            nth=nth,
            room_id=room.id,
            system_id=system.id,
            at=at,
        )
        for nth in range(lines)
    )
    if distinct_products:
        placed = (replace(line, model=f"{line.model} #{nth}") for nth, line in enumerate(placed))
    project_id = next(numbers.projects)
    return Project(
        id=project_id,
        name=name,
        custom_id=f"B-{project_id}",
        stage=stage,
        owner_id=owner_id,
        client_id=client_id,
        office_id=office_id,
        created_at=at,
        updated_at=at,
        rooms=(room,),
        systems=(system,),
        lines=tuple(placed),
    )


def new_project(
    numbers: Numbers, fields: dict[str, Any], address: dict[str, str], *, at: datetime
) -> Project:
    """Return an empty project as the vendor starts one: a room, a system and the labor types without hours."""
    return Project(
        id=next(numbers.projects),
        stage="opportunity",
        created_at=at,
        updated_at=at,
        address=Address(**{"country": "", **address}),
        rooms=(Room(id=next(numbers.rooms), name="Room 1", quantity=1, created_at=at, updated_at=at),),
        systems=(Group(id=next(numbers.systems), name="System A", created_at=at, updated_at=at),),
        labor=labor_types(numbers, with_hours=False),
        **{"custom_id": "", **fields},
    )


def _line(product: Product, *, line_id: int, nth: int, room_id: int, system_id: int, at: datetime) -> Line:
    return Line(
        id=line_id,
        kind="physical",
        manufacturer=product.manufacturer,
        model=product.model,
        part_number=product.part_number,
        short_description=product.short_description,
        item_type=product.item_type,
        created_at=at,
        updated_at=at,
        product_id=product.product_id,
        room_id=room_id,
        system_id=system_id,
        quantity_per_room=Decimal(1 + nth % 4),
        price=product.price.quantize(CENT),
        cost=product.cost.quantize(CENT),
        project_cost=product.cost.quantize(CENT),
        msrp=product.msrp,
    )
