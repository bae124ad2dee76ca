"""A line item and a factor."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from sandbox.jetbuilt import wire
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.wire import Json
from sandbox.world.model import Bundle, Expense, Factor, Group, Line, LineLabor, Option


def line(record: Record, item: Line) -> Json:
    """Return a line item of a project."""
    return {
        **_product(item),
        **_money(record, item),
        **_flags(item),
        **_quantities(record, item),
        **_place(record, item),
        "labor": [_labor(record, item, labor) for labor in item.labor],
        "metadata": item.metadata,
        "item_type": {"id": item.item_type.id, "name": item.item_type.name},
        "notes": item.notes,
        "external_notes": item.external_notes,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
    }


def option_line(record: Record, item: Line) -> Json:
    """Return a line item of an option, which names the lines it replaces."""
    return {**line(record, item), "replacement_lineitem_ids": list(item.replacement_lineitem_ids)}


def factor(record: Record, item: Factor) -> Json:
    """Return a factor of a project; what it was calculated from follows its method."""
    amount = record.pricing.factor(item)
    shape: Json = {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "factor_method": item.factor_method,
        "total_price": wire.number(amount.price),
        "total_cost": wire.number(amount.cost),
        "taxed": item.taxed,
        "hidden": item.hidden,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
    }
    if item.factor_method == "hours_per_day":
        shape["hours"] = wire.number(record.pricing.factor_hours(item))
    if item.factor_method == "trip_calc":
        shape["trips"] = [{"description": trip.description, "days": trip.days} for trip in item.trips]
        shape["expenses"] = [_expense(expense) for expense in item.expenses]
    return shape


def option_factor(record: Record, item: Factor, option: Option) -> Json:
    """Return how much of a factor applies to an option."""
    amount = record.pricing.option_factor(item, option)
    return {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "factor_method": item.factor_method,
        "taxed": item.taxed,
        "hidden": item.hidden,
        "total_cost": wire.number(amount.cost),
        "total_price": wire.number(amount.price),
        "total_tax": wire.number(record.pricing.factor_tax(item, amount)),
    }


def _product(item: Line) -> Json:
    return {
        "id": item.id,
        "manufacturer_id": item.manufacturer.id,
        "manufacturer_name": item.manufacturer.name,
        "model": item.model,
        "part_number": item.part_number,
        "short_description": item.short_description,
        "kind": item.kind,
        "custom": item.custom,
        "product_id": item.product_id,
        "custom_product_id": item.custom_product_id,
        "selected_purchasing_vendor": {"id": item.vendor.id, "name": item.vendor.name}
        if item.vendor
        else None,
        "purchasing_source": {"id": item.vendor.id, "company_name": item.vendor.name}
        if item.vendor
        else None,
        "labor_preset": None,
    }


def _money(record: Record, item: Line) -> Json:
    quantity = record.pricing.quantity(item)
    return {
        "msrp": wire.number(item.msrp),
        "mapp": None,
        "price": wire.number(item.price),
        "cost": wire.number(item.cost),
        "project_cost": wire.number(item.project_cost),
        "currency_iso": item.currency_iso,
        "shipping_price": wire.number(item.shipping_price),
        "subtotal_equipment_price": wire.number(item.price * item.quantity_per_room),
        "total_equipment_price": wire.number(item.price * quantity),
        "subcontract_labor_cost": wire.number(item.subcontract_labor_cost),
        "subcontract_labor_price": wire.number(item.subcontract_labor_price),
        "avso_ranking": None,
        "avso_discount": "0.0",
        "avso_msrp": None,
        "avso_item_name": None,
        "msrp_discount_percent": wire.number(_discount(item)),
        "discount": "0.0",
    }


def _flags(item: Line) -> Json:
    return {
        "owner_furnished": item.owner_furnished,
        "tax_equipment": item.tax_equipment,
        "tax_shipping": item.tax_shipping,
        "hidden": item.hidden,
        "purchasing_released": False,
        "engineering_released": False,
    }


def _quantities(record: Record, item: Line) -> Json:
    return {
        "quantity": wire.number(record.pricing.quantity(item)),
        "quantity_per_room": wire.number(item.quantity_per_room),
        "quantity_per_bundle": wire.optional(item.quantity_per_bundle),
    }


def _place(record: Record, item: Line) -> Json:
    project = record.project
    room = next((room for room in project.rooms if room.id == item.room_id), None)
    return {
        "room": {"id": room.id, "name": room.name, "quantity": wire.number(Decimal(room.quantity))}
        if room
        else None,
        "system": _named(project.systems, item.system_id),
        "tag": _named(project.tags, item.tag_id),
        "phase": _named(project.phases, item.phase_id),
        "bundle": _named(project.bundles, item.bundle_id),
        "option": _named(project.options, item.option_id),
    }


def _named(nouns: Sequence[Group | Bundle | Option], noun_id: int | None) -> Json | None:
    if noun_id is None:
        return None
    return next(({"id": noun.id, "name": noun.name} for noun in nouns if noun.id == noun_id), None)


def _labor(record: Record, item: Line, labor: LineLabor) -> Json:
    minutes, amount = record.pricing.work(item, labor)
    kind = record.pricing.labor_type(labor.labor_type_id)
    return {
        "category": kind.category,
        "minutes": wire.number(minutes),
        "taxable": labor.taxable,
        "cost": wire.number(amount.cost),
        "price": wire.number(amount.price),
        "labor_type": {"id": kind.id, "name": kind.name},
    }


def _discount(item: Line) -> Decimal:
    if not item.msrp:
        return Decimal(0)
    return ((item.msrp - item.price) * 100 / item.msrp).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _expense(expense: Expense) -> Json:
    return {
        "expense_name": expense.expense_name,
        "calculation_method": expense.calculation_method,
        "per_crew_member": expense.per_crew_member,
        "plus_supervisor": expense.plus_supervisor,
        "cost": wire.number(expense.cost),
        "price": wire.number(expense.price),
    }
