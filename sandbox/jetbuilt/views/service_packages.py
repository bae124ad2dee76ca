"""/projects/{id}/service_packages."""

from __future__ import annotations

from aiohttp import web

from sandbox.jetbuilt import body, context, listing, problems, wire
from sandbox.jetbuilt.body import Body
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.shapes import parts
from sandbox.world.model import ServicePackage

EDITABLE: dict[str, tuple[str, body.Reader]] = {
    "price": ("price", Body.decimal),
    "cost": ("cost", Body.decimal),
}


async def index(request: web.Request) -> web.Response:
    record = context.record(request)
    packages = record.project.service_packages
    page = listing.page_of(request, len(packages))
    shape = {"service_packages": [parts.service_package(record, package) for package in page.of(packages)]}
    return wire.answer(wire.encode(shape), headers=page.headers(request.url))


async def show(request: web.Request) -> web.Response:
    record = context.record(request)
    return context.one(parts.service_package(record, _package(request, record)))


async def update(request: web.Request) -> web.Response:
    """Change the price or cost of a package."""
    store = context.store(request)
    record = context.record(request)
    package = _package(request, record)
    fields = await body.read(request)
    changes = fields.changes(EDITABLE)
    fields.check()
    changed = store.edit_service_package(record.id, package.id, **changes)
    return context.one(parts.service_package(store.projects.get(record.id), changed))


def _package(request: web.Request, record: Record) -> ServicePackage:
    wanted = context.number(request, "package")
    for package in record.project.service_packages:
        if package.id == wanted:
            return package
    raise problems.missing()
