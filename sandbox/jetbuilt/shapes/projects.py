"""A project in a list and alone."""

from __future__ import annotations

from sandbox.jetbuilt import wire
from sandbox.jetbuilt.projects import ACTIVE_STAGES
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.jetbuilt.wire import Json
from sandbox.world.model import Bundle, Group, LaborType, Project, Room


def listed(store: JetbuiltStore, record: Record) -> Json:
    """Return what a list shows of a project."""
    return {
        **_about(record.project),
        **_totals(record),
        **_address(record.project),
        **_people(store, record.project),
    }


def alone(store: JetbuiltStore, record: Record) -> Json:
    """Return a project with its rooms, labor, bundles and versions."""
    project = record.project
    return {
        **listed(store, record),
        "total_margin": wire.number(record.totals.margin),
        "equipment_margin": wire.number(record.totals.equipment.margin),
        "rooms": [_room(room) for room in project.rooms],
        "systems": [_system(system) for system in project.systems],
        "tags": [_named(tag) for tag in project.tags],
        "phases": [_named(phase) for phase in project.phases],
        "labor": [_labor(record, kind) for kind in project.labor],
        "bundles": [_bundle(bundle) for bundle in project.bundles],
        "versions": [_version(version) for version in store.projects.versions(project)],
    }


def _about(project: Project) -> Json:
    return {
        "id": project.id,
        "name": project.name,
        "short_description": project.short_description,
        "payment_schedule": "",
        "custom_id": project.custom_id,
        "version": project.version,
        "price_valid_until": wire.day(project.price_valid_until),
        "probability": wire.number(project.probability),
        "created_at": wire.moment(project.created_at),
        "updated_at": wire.moment(project.updated_at),
        "close_date": wire.day(project.close_date),
        "commission_date": wire.day(project.commission_date),
        "estimated_install_on": wire.day(project.estimated_install_on),
        "budget": wire.optional(project.budget),
        "paid_to_date": wire.money(project.paid_to_date),
        "stage": project.stage,
        "contract_number": project.contract_number,
        "labor_tax": wire.number(project.labor_tax),
        "requires_engineering?": project.engineer_id is not None,
        "avso": False,
        "avso_region": None,
        "discussion_title": project.discussion_title,
        "discussion_body": project.discussion_body,
        "project_type": project.project_type,
        "sales_tax": wire.number(project.sales_tax),
        "currency": project.currency,
        "exchange_rates": {code: float(rate) for code, rate in project.exchange_rates.items()},
        "image_url": f"projects/project-avatar-{project.id % 5 + 1}.jpg",
        "active": project.stage in ACTIVE_STAGES,
        "shared": project.shared,
        "original_version_id": project.original_version_id,
        "custom_fields": dict(project.custom_fields),
    }


def _totals(record: Record) -> Json:
    totals = record.totals
    return {
        "equipment_total": wire.number(totals.equipment.price),
        "labor_total": wire.number(totals.labor.price),
        "shipping_total": wire.number(totals.shipping),
        "tax_total": wire.number(totals.tax),
        "total": wire.number(totals.total),
    }


def _address(project: Project) -> Json:
    address = project.address
    return {
        "address": address.street,
        "city": address.city,
        "state": address.state,
        "zipcode": address.zipcode,
        "country": address.country,
    }


def _people(store: JetbuiltStore, project: Project) -> Json:
    return {
        "owner": _person(store, project.owner_id),
        "project_manager": _person(store, project.project_manager_id),
        "engineer": _person(store, project.engineer_id),
        "second_engineer": _person(store, project.second_engineer_id),
        "client": {"id": project.client_id},
        "primary_contact": {"id": project.primary_contact_id},
        "company_location": {"id": project.office_id, "name": store.office_name(project.office_id)},
        "market_segment": {"id": project.market_segment_id},
        "labor_program": {"id": project.labor_program_id},
        "equipment_program": None,
    }


def _person(store: JetbuiltStore, user_id: int | None) -> Json | None:
    return None if user_id is None else {"id": user_id, "full_name": store.full_name(user_id)}


def _room(room: Room) -> Json:
    return {
        "id": room.id,
        "name": room.name,
        "quantity": room.quantity,
        "scope": room.scope,
        "active": room.active,
    }


def _system(system: Group) -> Json:
    return {"id": system.id, "name": system.name, "scope": system.scope, "active": system.active}


def _named(group: Group) -> Json:
    return {"id": group.id, "name": group.name}


def _labor(record: Record, kind: LaborType) -> Json:
    hours = record.pricing.hours[kind.id]
    return {
        "id": kind.id,
        "name": kind.name,
        "category": kind.category,
        "cost": wire.number(kind.cost),
        "price": wire.number(kind.price),
        "total_hours": wire.number(hours) if hours else "0",
    }


def _bundle(bundle: Bundle) -> Json:
    return {
        "id": bundle.id,
        "name": bundle.name,
        "description": bundle.description,
        "quantity": wire.number(bundle.quantity),
    }


def _version(project: Project) -> Json:
    return {
        "id": project.id,
        "name": project.version,
        "description": project.version_description,
        "locked": project.locked,
    }
