"""/projects/{id}/rooms, systems and tags."""

from __future__ import annotations

from aiohttp import web

from sandbox.jetbuilt import context, listing
from sandbox.jetbuilt.shapes import parts


async def rooms(request: web.Request) -> web.Response:
    found = context.within(listing.times_of(request), context.record(request).project.rooms)
    return context.listed(request, found, parts.room)


async def systems(request: web.Request) -> web.Response:
    found = context.within(listing.times_of(request), context.record(request).project.systems)
    return context.listed(request, found, parts.group)


async def tags(request: web.Request) -> web.Response:
    found = context.within(listing.times_of(request), context.record(request).project.tags)
    return context.listed(request, found, parts.group)
