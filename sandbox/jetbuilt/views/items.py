"""/projects/{id}/items: line items in pages with all factors on each, create, update, delete."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from aiohttp import web

from sandbox.jetbuilt import body, context, listing, new_line, wire
from sandbox.jetbuilt.body import Body
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.shapes import items as shapes
from sandbox.world.model import Line, Project

EDITABLE: dict[str, tuple[str, body.Reader]] = {
    "room_id": ("room_id", Body.integer),
    "system_id": ("system_id", Body.integer),
    "tag_id": ("tag_id", Body.integer),
    "phase_id": ("phase_id", Body.integer),
    "short_description": ("short_description", Body.text),
    "external_notes": ("external_notes", Body.optional_text),
    "quantity_per_room": ("quantity_per_room", Body.decimal),
    "cost": ("cost", Body.decimal),
    "metadata": ("metadata", Body.raw),
}
PLACES = {"room_id": "rooms", "system_id": "systems", "tag_id": "tags", "phase_id": "phases"}
HELD_BY_BUNDLE = ("room_id", "system_id", "tag_id")


async def index(request: web.Request) -> web.Response:
    """List the line items, those of options included; the page counts line items, the factors are all there."""
    record = context.record(request)
    times = listing.times_of(request)
    lines = context.within(times, record.project.lines)
    page = listing.page_of(request, len(lines))
    if times:
        return wire.answer(_page(record, page.of(lines)), headers=page.headers(request.url))
    rendered = record.rendered(("items", page.number), lambda: _page(record, page.of(lines)))
    return wire.answer(rendered, headers=page.headers(request.url))


async def create(request: web.Request) -> web.Response:
    """Create an item from a manufacturer and a model; a known product lends its cost, else it is a custom one."""
    store = context.store(request)
    project = store.projects.unlocked(context.number(request, "project"))
    fields = await body.read(request)
    line = store.add_line(project.id, new_line.line_of(store, project, fields))
    return _alone(store.projects.get(project.id), line, status=201)


async def update(request: web.Request) -> web.Response:
    """Change the documented fields of an item; others are ignored, the price among them."""
    store = context.store(request)
    project = store.projects.unlocked(context.number(request, "project"))
    line = store.projects.line(project.id, context.number(request, "item"))
    fields = await body.read(request)
    changes = fields.changes(EDITABLE)
    _check(fields, project, line, changes)
    changed = store.edit_line(project.id, line.id, **changes, **_consequences(line, changes))
    return _alone(store.projects.get(project.id), changed)


async def delete(request: web.Request) -> web.Response:
    """Delete an item. The documents know no such call; the stand-in has it so that an edit can travel over HTTP."""
    store = context.store(request)
    store.remove_line(context.number(request, "project"), context.number(request, "item"))
    return context.nothing()


def _check(fields: Body, project: Project, line: Line, changes: dict[str, Any]) -> None:
    for field, nouns in PLACES.items():
        known = {noun.id for noun in getattr(project, nouns)}
        if changes.get(field) is not None and changes[field] not in known:
            fields.complain(field, "is not in the project")
    if line.bundle_id is not None:
        for field in HELD_BY_BUNDLE:
            if field in changes:
                fields.complain(field, "cannot be changed in a bundle")
    if changes.get("quantity_per_room", 0) < 0:
        fields.complain("quantity_per_room", "must not be negative")
    fields.check()


def _consequences(line: Line, changes: dict[str, Any]) -> dict[str, Decimal]:
    """Return what changes along: the cost in the project's currency, and the quantity per bundle."""
    along: dict[str, Decimal] = {}
    if "cost" in changes:
        rate = line.project_cost / line.cost if line.cost else Decimal(1)
        along["project_cost"] = round(changes["cost"] * rate, 4)
    if "quantity_per_room" in changes and line.quantity_per_bundle and line.quantity_per_room:
        bundles = line.quantity_per_room / line.quantity_per_bundle
        along["quantity_per_bundle"] = changes["quantity_per_room"] / bundles
    return along


def _page(record: Record, lines: Sequence[Line]) -> bytes:
    return wire.encode(
        {
            "line_items": [shapes.line(record, line) for line in lines],
            "factors": [shapes.factor(record, factor) for factor in record.project.factors],
        }
    )


def _alone(record: Record, line: Line, *, status: int = 200) -> web.Response:
    return context.one(shapes.line(record, line), status=status)
