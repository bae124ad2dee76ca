"""The rows of a case as nouns of Jetbuilt; a column that is missing or empty leaves the usual."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.world.model import (
    Contact,
    Expense,
    Factor,
    LaborCredit,
    LaborType,
    Line,
    LineLabor,
    Named,
    Option,
    ServicePackage,
    Trip,
)
from tests.conformance.text_table import Row

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
_LABOR_CATEGORY = "install"
_LABOR = re.compile(r"(?P<name>[^,]+?) (?P<minutes>\d+) min(?P<taxed> taxed)?(?:, |$)")


def contact(row: Row) -> Contact:
    return Contact(
        id=int(row["contact"]),
        first_name=row["first name"],
        last_name=row["last name"],
        title=row.get("title", ""),
        email_address=row.get("email", ""),
        phone_number_1=row.get("phone", ""),
        phone_number_2=row.get("second phone", ""),
        description="",
        primary=_yes(row.get("primary", "no")),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


def line(row: Row, ids: dict[str, int]) -> Line:
    """A line by the columns its table has; a column that is missing or empty leaves the usual."""
    cost = _money(row, "cost")
    return Line(
        id=int(row["item"]),
        kind=row.get("kind") or "physical",  # type: ignore[arg-type]  # the sandbox refuses others
        manufacturer=Named(id=1, name=row.get("manufacturer", "")),
        model=row.get("model", ""),
        part_number=row.get("part number") or None,
        short_description=row.get("description", ""),
        item_type=Named(id=1, name=row.get("item type", "")),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        product_id=None if _yes(row.get("custom", "no")) else 1,
        custom_product_id=1 if _yes(row.get("custom", "no")) else None,
        custom=_yes(row.get("custom", "no")),
        room_id=ids.get(row.get("room", ""), ids.get("Main Room")),
        system_id=ids.get(row.get("system", "")),
        bundle_id=ids.get(row.get("bundle", "")),
        option_id=int(row["option"]) if row.get("option") else None,
        quantity_per_room=Decimal(row.get("quantity") or 1),
        price=_money(row, "price"),
        cost=_money(row, "purchase cost") if row.get("purchase cost") else cost,
        project_cost=cost,
        currency_iso=row.get("purchase currency") or "USD",
        shipping_price=_money(row, "shipping"),
        subcontract_labor_price=_money(row, "subcontract price"),
        subcontract_labor_cost=_money(row, "subcontract cost"),
        owner_furnished=_yes(row.get("owner-furnished", "no")),
        hidden=_yes(row.get("hidden", "no")),
        tax_equipment=_yes(row.get("taxable", "yes")),
        tax_shipping=_yes(row.get("taxable shipping", "no")),
        labor=_labor_of(row.get("labor", ""), ids),
        notes=row.get("notes") or None,
        external_notes=row.get("customer notes") or None,
        replacement_lineitem_ids=tuple(map(int, row.get("replaces", "").split())),
    )


def _labor_of(told: str, ids: dict[str, int]) -> tuple[LineLabor, ...]:
    """`Installation 30 min` or `Installation 30 min taxed` for each unit; several parted by commas."""
    return tuple(
        LineLabor(
            labor_type_id=ids[entry["name"]],
            minutes_per_unit=Decimal(entry["minutes"]),
            taxable=entry["taxed"] is not None,
        )
        for entry in _LABOR.finditer(told)
    )


def labor(row: Row) -> LaborType:
    return LaborType(
        id=int(row["labor"]),
        name=row["name"],
        category=_LABOR_CATEGORY,
        cost=_money(row, "cost"),
        price=_money(row, "price"),
        base_hours=Decimal(row.get("hours") or 0),
    )


def factor(row: Row) -> Factor:
    days = int(row.get("days") or 0)
    return Factor(
        id=int(row["factor"]),
        name=row["name"],
        description=row.get("description", ""),
        factor_method=row["method"],
        taxed=_yes(row.get("taxed", "no")),
        hidden=_yes(row.get("hidden", "no")),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        rate_price=_money(row, "rate"),
        rate_cost=_money(row, "cost rate"),
        hours_per_day=_money(row, "hours per day"),
        trips=(Trip(description="Trip", days=days),) if days else (),
        expenses=(_expense(row),) if days else (),
    )


def _expense(row: Row) -> Expense:
    return Expense(
        expense_name="Lodging",
        calculation_method="trip_flat_rate_per_day",
        per_crew_member=False,
        plus_supervisor=False,
        cost=_money(row, "cost a day"),
        price=_money(row, "price a day"),
    )


def package(row: Row) -> ServicePackage:
    return ServicePackage(
        id=int(row["package"]),
        name=row["name"],
        purchase_type=row.get("purchase type") or "optional",
        pricing_method=row.get("pricing") or "flat_price",
        program_term="annually",
        price=_money(row, "price"),
        cost=_money(row, "cost"),
        sold=_yes(row.get("sold", "no")),
        taxed=_yes(row.get("taxed", "no")),
        taxable_amount_percent=Decimal(100),
    )


def option(row: Row, credits_told: Iterable[Row]) -> Option:
    """An option with the labor that it saves."""
    saved = tuple(_credit(credit) for credit in credits_told if credit["option"] == row["option"])
    return Option(
        id=int(row["option"]),
        name=row["name"],
        scope=row.get("scope", ""),
        sold=_yes(row.get("sold", "no")),
        active=_yes(row.get("active", "yes")),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        labor_credits=saved,
    )


def _credit(row: Row) -> LaborCredit:
    return LaborCredit(
        labor_type=row["labor"],
        category=_LABOR_CATEGORY,
        hours=Decimal(row["hours"]),
        unit_cost=Decimal(row["cost"]),
        unit_price=Decimal(row["price"]),
    )


def _money(row: Row, column: str) -> Decimal:
    return Decimal(row.get(column) or 0)


def _yes(word: str) -> bool:
    if word not in {"yes", "no", ""}:
        raise ValueError(f"{word!r} is neither yes nor no")
    return word == "yes"
