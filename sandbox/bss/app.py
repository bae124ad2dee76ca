"""The HTTP face of the BSS stand-in: token, version, permissions, rate limit, and the way to the collections."""

from __future__ import annotations

import asyncio
import time

import msgspec
from aiohttp import web

from sandbox import calls
from sandbox.bss import listing, writing
from sandbox.bss.collections import COLLECTIONS, Collection, Row
from sandbox.bss.problems import BASE, JSON, GrantRefusal, Refusal, missing, throttled
from sandbox.bss.showing import show
from sandbox.bss.store import BssStore
from sandbox.calls import CallLog, Handler
from sandbox.control import Control
from sandbox.faults import Faults
from sandbox.window import SlidingWindow

GRANT = "/oauth/token"
VERSIONS = frozenset({"3", "3.0", "latest"})
PATCHES = frozenset({JSON, "application/json-patch+json"})
LARGEST_BODY = 4 * 1024 * 1024
LONGEST_ID = 18

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def build_app(store: BssStore, *, log: CallLog, faults: Faults, control: Control) -> web.Application:
    """Return the stand-in as an application.

    The order: call log, control, route, faults, refusals, token and version, rate limit, handler.
    """
    access = _Access(store)
    app = web.Application(
        middlewares=[
            log.middleware,
            control.middleware,
            access.name_route,
            faults.middleware,
            access.refuse,
            access.authenticate,
            access.throttle,
        ],
        client_max_size=LARGEST_BODY,
    )
    app.router.add_route("*", "/{path:.*}", _Endpoints(store).answer)
    return app


class _Access:
    """The middlewares around the handlers: route of the call, refusals, token and version, rate limit."""

    def __init__(self, store: BssStore) -> None:
        self._store = store
        self._modes = store.modes
        self._window = SlidingWindow(store.modes.rate_limit, store.modes.rate_seconds)

    @web.middleware
    async def name_route(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Enter the template of the path in the call log, also for a call that is refused on its way."""
        path = _below(request)
        name, number = _place(path)
        known = f"/{name}/{{id}}" if number else f"/{name}"
        calls.current().route = GRANT if path == GRANT else known if name in COLLECTIONS else "(no route)"
        return await handler(request)

    @web.middleware
    async def refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn every refusal into a status with a JSON body."""
        try:
            return await handler(request)
        except (Refusal, GrantRefusal) as refusal:
            return refusal.response()
        except web.HTTPException as error:
            return Refusal(error.status).response()

    @web.middleware
    async def authenticate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Admit a valid token, then the version that is served here; the token grant needs neither."""
        if _below(request) == GRANT:
            return await handler(request)
        if not self._store.tokens.admits(request.headers.get("Authorization", "")):
            raise Refusal(401)
        version = request.headers.get("X-Api-Version")
        if version is None:
            raise Refusal(400, "ApiVersion", "The header X-Api-Version is required.")
        if version not in VERSIONS:
            raise Refusal(400, "ApiVersion", f"The version '{version}' of the API is not available.")
        return await handler(request)

    @web.middleware
    async def throttle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what is too much, without telling when it ends."""
        modes, window = self._modes, self._window
        if modes.rate_limit and _below(request) != GRANT:
            window.limit, window.seconds = modes.rate_limit, modes.rate_seconds
            window.count_refused = modes.count_refused
            if window.admit(time.monotonic()):
                return throttled(modes)
        if modes.latency_ms:
            await asyncio.sleep(modes.latency_ms / 1000)
        return await handler(request)


class _Endpoints:
    """Finds the collection of a request and answers for it."""

    def __init__(self, store: BssStore) -> None:
        self._store = store

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = _below(request)
        if path == GRANT:
            return await self._grant(request)
        name, number = _place(path)
        collection = COLLECTIONS.get(name)
        if collection is None:
            raise Refusal(404)
        self._permit(request.method, collection)
        if number:
            return await self._one(request, collection, number)
        return await self._many(request, collection)

    async def _grant(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            raise Refusal(405)
        header = request.headers.get("Authorization", "")
        return self._store.tokens.grant(request.content_type, header, await request.read())

    async def _many(self, request: web.Request, collection: Collection) -> web.Response:
        match request.method:
            case "GET":
                query = listing.read_query(request.rel_url.raw_query_string)
                return _json(200, listing.listed(self._store, collection, request.path, query))
            case "POST" if collection.model:
                _demand_type(request, frozenset({JSON}))
                row = writing.created(self._store, collection, await request.read())
                self._store.wrote("POST", collection.name, row["id"])
                return _json(201, row["id"])
        raise Refusal(405)

    async def _one(self, request: web.Request, collection: Collection, number: str) -> web.Response:
        body = await request.read()
        row = self._row(collection, number)
        match request.method:
            case "GET":
                return _json(200, show(self._store, collection, row, listed=False))
            case "PATCH" if collection.model:
                _demand_type(request, PATCHES)
                changed = writing.patched(self._store, collection, row, body)
                self._store.wrote("PATCH", collection.name, changed["id"])
                return self._patched(collection, changed)
        raise Refusal(405)

    def _patched(self, collection: Collection, row: Row) -> web.Response:
        match self._store.modes.patch_answer:
            case "id":
                return _json(200, row["id"])
            case "object":
                return _json(200, show(self._store, collection, row, listed=False))
        return web.Response(status=200)

    def _row(self, collection: Collection, number: str) -> Row:
        rows = self._store.rows(collection.name)
        decimal = number.isascii() and number.isdecimal() and len(number) <= LONGEST_ID
        row = rows.get(number) if collection.guids else rows.get(int(number)) if decimal else None
        if row is None:
            raise missing(collection.noun, number)
        return row

    def _permit(self, method: str, collection: Collection) -> None:
        modes = self._store.modes
        if collection.name in modes.forbidden or (method != "GET" and not modes.write_access):
            raise Refusal(403)


def _below(request: web.Request) -> str:
    """Return the path in lower case: the server does not tell upper from lower."""
    return request.path.lower()


def _place(path: str) -> tuple[str, str]:
    """Split a path into the collection and the id in it."""
    name = path.removeprefix(BASE).strip("/") if path.startswith(f"{BASE}/") else ""
    if name in COLLECTIONS:
        return name, ""
    collection, _, number = name.rpartition("/")
    return collection, number


def _demand_type(request: web.Request, accepted: frozenset[str]) -> None:
    if request.content_type not in accepted:
        raise Refusal(415)


def _json(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=_ENCODER.encode(value), content_type=JSON)
