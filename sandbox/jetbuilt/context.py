"""What a handler needs of its request: the store, ids from the path, and answers for lists and single nouns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from aiohttp import web

from sandbox.jetbuilt import listing, wire
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.shelf import Timed, Times
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.jetbuilt.wire import Json

STORE: web.AppKey[JetbuiltStore] = web.AppKey("store", JetbuiltStore)
_Item = TypeVar("_Item")
_TimedItem = TypeVar("_TimedItem", bound=Timed)


def store(request: web.Request) -> JetbuiltStore:
    return request.app[STORE]


def number(request: web.Request, name: str) -> int:
    """Return an id of the path."""
    return int(request.match_info[name])


def record(request: web.Request) -> Record:
    """Return the project of the path; raise Refusal 404 when there is none."""
    return store(request).projects.get(number(request, "project"))


def within(times: Times, items: Sequence[_TimedItem]) -> Sequence[_TimedItem]:
    """Return the items that the time filters let through."""
    if not times:
        return items
    return [
        item
        for item in items
        if times.created.covers(item.created_at) and times.updated.covers(item.updated_at)
    ]


def listed(request: web.Request, items: Sequence[_Item], shape: Callable[[_Item], Json]) -> web.Response:
    """Answer one page of the items."""
    page = listing.page_of(request, len(items))
    body = wire.encode([shape(item) for item in page.of(items)])
    return wire.answer(body, headers=page.headers(request.url))


def one(shape: Json, *, status: int = 200) -> web.Response:
    return wire.answer(wire.encode(shape), status=status)


def nothing() -> web.Response:
    return web.Response(status=204)
