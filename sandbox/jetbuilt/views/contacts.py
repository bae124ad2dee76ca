"""/clients/{id}/contacts."""

from __future__ import annotations

from aiohttp import web

from sandbox.jetbuilt import body, context, listing
from sandbox.jetbuilt.body import Body
from sandbox.jetbuilt.shapes import clients as shapes

EDITABLE: dict[str, tuple[str, body.Reader]] = {
    "first_name": ("first_name", Body.text),
    "last_name": ("last_name", Body.text),
    "title": ("title", Body.text),
    "email_address": ("email_address", Body.text),
    "phone_number_1": ("phone_number_1", Body.text),
    "phone_number_2": ("phone_number_2", Body.text),
    "description": ("description", Body.text),
    "primary": ("primary", Body.boolean),
}
REQUIRED = ("first_name", "last_name")


async def index(request: web.Request) -> web.Response:
    client = context.store(request).clients.get(context.number(request, "client"))
    contacts = context.within(listing.times_of(request), client.contacts)
    return context.listed(request, contacts, shapes.contact)


async def show(request: web.Request) -> web.Response:
    return context.one(shapes.contact(context.store(request).clients.contact(*_ids(request))))


async def create(request: web.Request) -> web.Response:
    clients = context.store(request).clients
    client = clients.get(context.number(request, "client"))
    fields = await body.read(request)
    fields.require(*REQUIRED)
    changes = fields.changes(EDITABLE)
    fields.check()
    contact = clients.add_contact(client.id, changes)  # type: ignore[arg-type]
    return context.one(shapes.contact(contact), status=201)


async def update(request: web.Request) -> web.Response:
    clients = context.store(request).clients
    contact = clients.contact(*_ids(request))
    fields = await body.read(request)
    fields.require(*(name for name in REQUIRED if name in fields))
    changes = fields.changes(EDITABLE)
    fields.check()
    changed = clients.edit_contact(context.number(request, "client"), contact.id, **changes)
    return context.one(shapes.contact(changed))


async def delete(request: web.Request) -> web.Response:
    context.store(request).clients.remove_contact(*_ids(request))
    return context.nothing()


def _ids(request: web.Request) -> tuple[int, int]:
    return context.number(request, "client"), context.number(request, "contact")
