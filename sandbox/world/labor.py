"""The labor types that every project starts with."""

from __future__ import annotations

from decimal import Decimal

from sandbox.world import names
from sandbox.world.model import LaborType
from sandbox.world.numbers import Numbers


def labor_types(numbers: Numbers, *, with_hours: bool) -> tuple[LaborType, ...]:
    """Return the labor types of a project, with the usual hours of its office work or none."""
    return tuple(
        LaborType(
            id=next(numbers.labor),
            name=name,
            category=category,
            cost=Decimal(cost),
            price=Decimal(price),
            base_hours=Decimal(hours if with_hours else 0),
        )
        for name, category, cost, price, hours in names.LABOR_TYPES
    )
