"""Options, service packages, rooms, systems and tags of a project."""

from __future__ import annotations

from sandbox.jetbuilt import wire
from sandbox.jetbuilt.projects import UNDER_CONTRACT
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.wire import Json
from sandbox.world.model import Group, LaborCredit, Option, Room, ServicePackage


def option(record: Record, item: Option) -> Json:
    """Return an option, or a change order when the project is under contract."""
    totals = record.pricing.option_totals(item)
    room = next((room for room in record.project.rooms if room.id == item.room_id), None)
    return {
        "id": item.id,
        "name": item.name,
        "sold": item.sold,
        "scope": item.scope,
        "total": wire.number(totals.total),
        "upgrade_total": wire.money(totals.upgrade_total),
        "payment_schedule": None,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
        "active": item.active,
        "change_order": record.project.stage in UNDER_CONTRACT,
        "room": {"id": room.id, "name": room.name} if room else None,
    }


def labor_credit(item: LaborCredit) -> Json:
    """Return a labor credit; its amounts are positive and reduce the option."""
    return {
        "labor_type": item.labor_type,
        "category": item.category,
        "hours": format(item.hours, "f"),
        "unit_cost": format(item.unit_cost, "f"),
        "unit_price": format(item.unit_price, "f"),
        "total_cost": format(item.hours * item.unit_cost, "f"),
        "total_price": format(item.hours * item.unit_price, "f"),
    }


def service_package(record: Record, item: ServicePackage) -> Json:
    amount = record.pricing.package(item)
    return {
        "id": item.id,
        "name": item.name,
        "purchase_type": item.purchase_type,
        "pricing_method": item.pricing_method,
        "program_term": item.program_term,
        "price": wire.number(item.price),
        "cost": wire.number(item.cost),
        "sold": item.sold,
        "taxed": item.taxed,
        "taxable_amount_percent": wire.number(item.taxable_amount_percent),
        "calculated_price": wire.number(amount.price),
        "calculated_cost": wire.number(amount.cost),
    }


def room(item: Room) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "quantity": item.quantity,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
        "active": item.active,
    }


def group(item: Group) -> Json:
    """Return a system or a tag."""
    return {
        "id": item.id,
        "name": item.name,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
    }
