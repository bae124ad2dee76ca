"""The application: routes below /api, and what stands before every handler."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from sandbox import credentials
from sandbox.calls import Handler
from sandbox.jetbuilt import context
from sandbox.jetbuilt.doors import Doors
from sandbox.jetbuilt.problems import BASE
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.jetbuilt.views import (
    clients,
    contacts,
    house,
    items,
    options,
    projects,
    rooms,
    service_packages,
)

DOCUMENTED_LIMIT = (50, 10.0)
MAX_BODY = 4 * 1024 * 1024


class HasMiddleware(Protocol):
    """The call log, the control and the faults each bring a middleware."""

    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse: ...


def build_app(
    store: JetbuiltStore,
    *,
    limit: tuple[int, float] | None = DOCUMENTED_LIMIT,
    faults: HasMiddleware | None = None,
    calls: HasMiddleware | None = None,
    control: HasMiddleware | None = None,
    api_key: str = credentials.JETBUILT_API_KEY,
) -> web.Application:
    """Return the application over a store. `limit` is (calls, seconds), None for none; it is kept in the store's modes.

    The order: call log, control, faults, refusals and authentication, rate limit, handler.
    """
    store.modes.rate_limit, store.modes.rate_seconds = limit or (0, store.modes.rate_seconds)
    doors = Doors(store.modes, api_key)
    outer = [part.middleware for part in (calls, control, faults) if part is not None]
    app = web.Application(
        middlewares=[*outer, doors.refuse, doors.authenticate, doors.limit], client_max_size=MAX_BODY
    )
    app[context.STORE] = store
    app.add_routes(_routes())
    return app


def _routes() -> list[web.RouteDef]:
    project = BASE + r"/projects/{project:\d{1,18}}"
    client = BASE + r"/clients/{client:\d{1,18}}"
    products = BASE + r"/product_databases/{database:\d{1,18}}/products"
    return [
        web.get(f"{BASE}/projects", projects.index),
        web.post(f"{BASE}/projects", projects.create),
        web.get(project, projects.show),
        web.patch(project, projects.update),
        web.post(f"{project}/revisions", projects.revise),
        web.get(f"{project}/items", items.index),
        web.post(f"{project}/items", items.create),
        web.patch(project + r"/items/{item:\d{1,18}}", items.update),
        web.delete(project + r"/items/{item:\d{1,18}}", items.delete),
        web.get(f"{project}/options", options.index),
        web.get(project + r"/options/{option:\d{1,18}}", options.show),
        web.get(f"{project}/service_packages", service_packages.index),
        web.get(project + r"/service_packages/{package:\d{1,18}}", service_packages.show),
        web.patch(project + r"/service_packages/{package:\d{1,18}}", service_packages.update),
        web.get(f"{project}/rooms", rooms.rooms),
        web.get(f"{project}/systems", rooms.systems),
        web.get(f"{project}/tags", rooms.tags),
        web.get(f"{BASE}/clients", clients.index),
        web.post(f"{BASE}/clients", clients.create),
        web.get(client, clients.show),
        web.patch(client, clients.update),
        web.delete(client, clients.delete),
        web.get(f"{client}/contacts", contacts.index),
        web.post(f"{client}/contacts", contacts.create),
        web.get(client + r"/contacts/{contact:\d{1,18}}", contacts.show),
        web.patch(client + r"/contacts/{contact:\d{1,18}}", contacts.update),
        web.delete(client + r"/contacts/{contact:\d{1,18}}", contacts.delete),
        web.get(f"{BASE}/users", house.users),
        web.get(BASE + r"/users/{user:\d{1,18}}", house.user),
        web.get(f"{BASE}/company", house.company),
        web.get(products, house.products),
        web.get(products + r"/{product:\d{1,18}}", house.product),
    ]
