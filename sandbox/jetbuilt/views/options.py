"""/projects/{id}/options: options and change orders; the documents know no edit of them."""

from __future__ import annotations

from aiohttp import web

from sandbox.jetbuilt import context, listing, wire
from sandbox.jetbuilt.shapes import items, parts


async def index(request: web.Request) -> web.Response:
    record = context.record(request)
    options = context.within(listing.times_of(request), record.project.options)
    return context.listed(request, options, lambda option: parts.option(record, option))


async def show(request: web.Request) -> web.Response:
    """Show an option with a page of its line items, its share of every factor, and its labor credits."""
    record = context.record(request)
    option = context.store(request).projects.option(record.id, context.number(request, "option"))
    lines = record.pricing.lines_of(option)
    page = listing.page_of(request, len(lines))
    shape = {
        **parts.option(record, option),
        "line_items": [items.option_line(record, line) for line in page.of(lines)],
        "factors": [items.option_factor(record, factor, option) for factor in record.project.factors],
        "labor_credits": [parts.labor_credit(credit) for credit in option.labor_credits],
    }
    return wire.answer(wire.encode(shape), headers=page.headers(request.url))
