"""Building the world from a seed."""

from __future__ import annotations

from datetime import date

from sandbox.world import catalogue, charges, clients, people
from sandbox.world import projects as orders
from sandbox.world.model import World
from sandbox.world.numbers import Numbers
from sandbox.world.seed import LAST_DAY, close_of


def build(seed: int = 7, projects: int = 40, *, today: date = LAST_DAY) -> World:
    """Return the integrator on the evening of `today`.

    The same arguments yield the same world, and a smaller count of projects yields the first ones of a greater.
    """
    evening = close_of(today)
    company = people.company(seed, evening)
    users = people.users(seed, evening)
    served = clients.clients(seed, evening, users)
    products = catalogue.products(seed, evening)
    around = orders.Surroundings(
        seed=seed,
        today=evening,
        offices=company.offices,
        users=users,
        clients=served,
        products=products,
        vendors=catalogue.VENDORS,
    )
    return World(
        seed=seed,
        company=company,
        users=users,
        clients=served,
        manufacturers=tuple({product.manufacturer.id: product.manufacturer for product in products}.values()),
        vendors=catalogue.VENDORS,
        item_types=tuple({product.item_type.id: product.item_type for product in products}.values()),
        products=products,
        projects=orders.projects(around, Numbers(), projects),
        billing=charges.billing(seed, evening),
    )
