"""/company, /users and /product_databases/{db}/products."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from sandbox.jetbuilt import context, listing, problems
from sandbox.jetbuilt.shapes import house
from sandbox.world.model import Product


async def company(request: web.Request) -> web.Response:
    return context.one(house.company(context.store(request).company))


async def users(request: web.Request) -> web.Response:
    """List the active users."""
    found = context.within(listing.times_of(request), list(context.store(request).users))
    return context.listed(request, found, house.user)


async def user(request: web.Request) -> web.Response:
    found = context.store(request).users.get(context.number(request, "user"))
    if found is None:
        raise problems.missing()
    return context.one(house.user(found))


async def products(request: web.Request) -> web.Response:
    """List the products of a database; `query` overrides the exact filters."""
    found = context.within(listing.times_of(request), _wanted(request, _database(request)))
    return context.listed(request, found, house.product)


async def product(request: web.Request) -> web.Response:
    wanted = context.number(request, "product")
    for known in _database(request):
        if known.id == wanted:
            return context.one(house.product(known))
    raise problems.missing()


def _database(request: web.Request) -> list[Product]:
    """Return the products; the offices' databases hold the same ones here."""
    store = context.store(request)
    if context.number(request, "database") not in {o.product_database_id for o in store.company.offices}:
        raise problems.missing()
    return list(store.products)


def _wanted(request: web.Request, products: list[Product]) -> Sequence[Product]:
    query = request.query
    if words := query.get("query", "").casefold().split():
        return [p for p in products if all(w in f"{p.manufacturer.name} {p.model}".casefold() for w in words)]
    currency = query.get("currency_code", "USD")
    return [
        product
        for product in products
        if product.currency_code == currency
        and query.get("manufacturer_name", product.manufacturer.name) == product.manufacturer.name
        and query.get("model", product.model) == product.model
    ]
