"""/projects: lists with filters, one project, create, update, revise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sandbox.jetbuilt import body, context, listing, wire
from sandbox.jetbuilt.body import Body
from sandbox.jetbuilt.projects import ACTIVE_STAGES
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.shapes import projects as shapes
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.world.model import STAGES

TYPES = frozenset({"project", "box_sale", "design", "service", "rental"})
EDITABLE: dict[str, tuple[str, body.Reader]] = {
    "user_id": ("owner_id", Body.integer),
    "name": ("name", Body.text),
    "budget": ("budget", Body.optional_decimal),
    "market_segment_id": ("market_segment_id", Body.integer),
    "paid_to_date": ("paid_to_date", Body.decimal),
    "probability": ("probability", Body.decimal),
    "close_date": ("close_date", Body.day),
    "primary_contact_id": ("primary_contact_id", Body.integer),
    "custom_id": ("custom_id", Body.text),
    "stage": ("stage", Body.text),
    "short_description": ("short_description", Body.optional_text),
    "price_valid_until": ("price_valid_until", Body.day),
    "tax": ("sales_tax", Body.decimal),
    "contract_number": ("contract_number", Body.optional_text),
    "discussion_title": ("discussion_title", Body.optional_text),
    "discussion_body": ("discussion_body", Body.text),
    "project_type": ("project_type", Body.text),
    "project_manager_id": ("project_manager_id", Body.integer),
    "engineer_id": ("engineer_id", Body.integer),
    "second_engineer_id": ("second_engineer_id", Body.integer),
    "labor_program_id": ("labor_program_id", Body.integer),
}
ONLY_AT_CREATION: dict[str, tuple[str, body.Reader]] = {
    "location_id": ("office_id", Body.integer),
    "client_id": ("client_id", Body.integer),
    "currency": ("currency", Body.text),
}
ADDRESS: dict[str, tuple[str, body.Reader]] = {
    "street_address": ("street", Body.text),
    "city": ("city", Body.text),
    "state": ("state", Body.text),
    "zipcode": ("zipcode", Body.text),
    "country": ("country", Body.text),
}


async def index(request: web.Request) -> web.Response:
    """List the active versions."""
    store = context.store(request)
    ids = _filtered(store, request)
    if store.modes.project_order == "-id":
        ids = ids[::-1]
    page = listing.page_of(request, len(ids))
    rows = b",".join(_row(store, store.projects.get(project_id)) for project_id in page.of(ids))
    return wire.answer(b"[" + rows + b"]", headers=page.headers(request.url))


async def show(request: web.Request) -> web.Response:
    return _alone(context.store(request), context.record(request))


async def create(request: web.Request) -> web.Response:
    """Create a project in stage `opportunity`."""
    store = context.store(request)
    fields = await body.read(request)
    fields.require("location_id", "user_id", "client_id", "name")
    changes = fields.changes({**EDITABLE, **ONLY_AT_CREATION})
    changes.pop("stage", None)
    _check(store, fields, changes)
    project = store.create_project(changes, fields.changes(ADDRESS))
    return _alone(store, store.projects.get(project.id), status=201)


async def update(request: web.Request) -> web.Response:
    store = context.store(request)
    project = context.record(request).project
    fields = await body.read(request)
    if "name" in fields:
        fields.require("name")
    changes = fields.changes(EDITABLE)
    _check(store, fields, changes)
    store.edit_project(project.id, fields.changes(ADDRESS), **changes)
    return _alone(store, store.projects.get(project.id))


async def revise(request: web.Request) -> web.Response:
    """Create a new version, which becomes the active one."""
    store = context.store(request)
    project = context.record(request).project
    fields = await body.read(request)
    version = store.new_version(
        project.id, name=fields.text("name"), description=fields.optional_text("description")
    )
    return _alone(store, store.projects.get(version.id), status=201)


def _check(store: JetbuiltStore, fields: Body, changes: dict[str, Any]) -> None:
    """Refuse what names nothing that exists."""
    if "owner_id" in changes and changes["owner_id"] not in store.users:
        fields.complain("user_id", "is not an active user")
    if "client_id" in changes and changes["client_id"] not in store.clients.shelf:
        fields.complain("client_id", "is not a client")
    if "office_id" in changes and store.office_name(changes["office_id"] or 0) is None:
        fields.complain("location_id", "is not a location")
    if "stage" in changes and changes["stage"] not in STAGES:
        fields.complain("stage", "is not included in the list")
    if "project_type" in changes and changes["project_type"] not in TYPES:
        fields.complain("project_type", "is not included in the list")
    if not 0 <= changes.get("probability", 0) <= 1:
        fields.complain("probability", "must lie between 0 and 1")
    fields.check()


def _filtered(store: JetbuiltStore, request: web.Request) -> Sequence[int]:
    ids = store.projects.listed.ids(listing.times_of(request))
    query = request.query
    if "active" in query:
        wanted = query["active"] == "true"
        ids = [n for n in ids if (_project_stage(store, n) in ACTIVE_STAGES) is wanted]
    elif query.get("stage"):
        stages = {stage.strip() for stage in query["stage"].split(",")}
        ids = [n for n in ids if _project_stage(store, n) in stages]
    if query.get("query"):
        words = query["query"].casefold()
        ids = [n for n in ids if words in store.searchable(n)]
    return ids


def _project_stage(store: JetbuiltStore, project_id: int) -> str:
    return store.project(project_id).stage


def _row(store: JetbuiltStore, record: Record) -> bytes:
    return record.rendered("row", lambda: wire.encode(shapes.listed(store, record)))


def _alone(store: JetbuiltStore, record: Record, *, status: int = 200) -> web.Response:
    return context.one(shapes.alone(store, record), status=status)
