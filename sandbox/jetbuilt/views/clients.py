"""/clients."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sandbox.jetbuilt import body, context, listing
from sandbox.jetbuilt.body import Body
from sandbox.jetbuilt.shapes import clients as shapes
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.world.model import Address, Client

EDITABLE: dict[str, tuple[str, body.Reader]] = {
    "user_id": ("user_id", Body.integer),
    "company_name": ("company_name", Body.text),
    "website": ("website", Body.text),
    "phone": ("phone", Body.text),
    "description": ("description", Body.text),
    "parent_id": ("parent_id", Body.integer),
}
DELINQUENT: dict[str, tuple[str, body.Reader]] = {"delinquent": ("delinquent", Body.boolean)}


async def index(request: web.Request) -> web.Response:
    store = context.store(request)
    ids = store.clients.shelf.ids(listing.times_of(request))
    return context.listed(request, ids, lambda client_id: shapes.client(store, store.clients.get(client_id)))


async def show(request: web.Request) -> web.Response:
    return _alone(context.store(request), _client(request))


async def create(request: web.Request) -> web.Response:
    store = context.store(request)
    fields = await body.read(request)
    fields.require("user_id", "company_name")
    changes = fields.changes(EDITABLE)
    _check(store, fields, changes)
    client = store.clients.add({**changes, "address": _address(fields, Address(country=""))})  # type: ignore[typeddict-item]
    return _alone(store, client, status=201)


async def update(request: web.Request) -> web.Response:
    store = context.store(request)
    client = _client(request)
    fields = await body.read(request)
    if "company_name" in fields:
        fields.require("company_name")
    changes = fields.changes({**EDITABLE, **DELINQUENT})
    _check(store, fields, changes)
    changed = store.clients.edit(client.id, address=_address(fields, client.address), **changes)
    return _alone(store, changed)


async def delete(request: web.Request) -> web.Response:
    context.store(request).clients.remove(context.number(request, "client"))
    return context.nothing()


def _check(store: JetbuiltStore, fields: Body, changes: dict[str, Any]) -> None:
    if changes.get("user_id") is not None and changes["user_id"] not in store.users:
        fields.complain("user_id", "is not an active user")
    if changes.get("parent_id") is not None and changes["parent_id"] not in store.clients.shelf:
        fields.complain("parent_id", "is not a client")
    fields.check()


def _address(fields: Body, known: Address) -> Address:
    return Address(
        street=fields.text("street_address") if "street_address" in fields else known.street,
        city=fields.text("city") if "city" in fields else known.city,
        state=fields.text("state") if "state" in fields else known.state,
        zipcode=fields.text("zipcode") if "zipcode" in fields else known.zipcode,
        country=fields.text("country") if "country" in fields else known.country,
    )


def _client(request: web.Request) -> Client:
    return context.store(request).clients.get(context.number(request, "client"))


def _alone(store: JetbuiltStore, client: Client, *, status: int = 200) -> web.Response:
    return context.one(shapes.client(store, client), status=status)
