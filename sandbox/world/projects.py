"""Projects as an integrator has them: a spread of sizes, stages, currencies and complications."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.world import extras, names
from sandbox.world.clients import market
from sandbox.world.labor import labor_types
from sandbox.world.lines import LineMaker, Site
from sandbox.world.model import (
    Bundle,
    Client,
    Group,
    Line,
    Named,
    Office,
    Product,
    Project,
    Room,
    Stage,
    User,
)
from sandbox.world.numbers import Numbers
from sandbox.world.people import MARKET_SEGMENTS
from sandbox.world.seed import dice, moment
from sandbox.world.versions import next_version

STAGE_CYCLE: tuple[Stage, ...] = (
    "proposal", "estimate", "contract", "opportunity", "install", "revisions", "proposal", "review", "completed",
    "estimate", "lost", "icebox", "contract", "template", "trash", "proposal", "install", "estimate", "contract",
    "completed",
)  # fmt: skip
SIZES = (
    24, 12, 58, 3, 35, 18, 142, 9, 64, 27, 41, 15, 33, 76, 22, 11, 49, 260, 30, 17,
    8, 54, 38, 20, 13, 70, 45, 26, 5, 62, 31, 400, 19, 14, 36, 52, 23, 28, 47, 10,
)  # fmt: skip
CYCLE = len(SIZES)
TRAPS_AT, VERSIONS_AT, CANADIAN_AT, NAMELESS_AT = 0, 5, 7, 9
US_PER_CANADIAN = Decimal("0.7288")
PROBABILITY = {
    "opportunity": "0.1", "estimate": "0.3", "revisions": "0.6", "proposal": "0.5", "contract": "1.0",
    "install": "1.0", "review": "1.0", "completed": "1.0", "icebox": "0.05", "lost": "0.0", "template": "0.0",
    "trash": "0.0",
}  # fmt: skip
TAXES = ("0", "0.0775", "0.1", "0.08875", "0.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What exists before the projects."""

    seed: int
    today: datetime
    offices: Sequence[Office]
    users: Sequence[User]
    clients: Sequence[Client]
    products: Sequence[Product]
    vendors: Sequence[Named]


def projects(around: Surroundings, numbers: Numbers, count: int) -> tuple[Project, ...]:
    """Return `count` current projects, and before one of them in forty its two superseded versions."""
    orders = names.project_names()
    dice(around.seed, "orders").shuffle(orders)
    clients = {client.company_name: client for client in around.clients}
    built: list[Project] = []
    for nth in range(count):
        client_name, name = orders[nth % len(orders)]
        again = nth // len(orders)
        title = f"{name} - phase {again + 1}" if again else name
        project = _project(around, numbers, nth, clients[client_name], title)
        built.extend(_with_versions(project, numbers) if nth % CYCLE == VERSIONS_AT else (project,))
    return tuple(built)


def _with_versions(project: Project, numbers: Numbers) -> tuple[Project, ...]:
    second = next_version(
        project,
        numbers,
        name="1.1",
        description="Client comments",
        at=project.updated_at + timedelta(days=5),
    )
    third = next_version(
        replace(second, lines=second.lines[:-1]),
        numbers,
        name="1.2",
        description=None,
        at=second.updated_at + timedelta(days=5),
    )
    return replace(project, active_version=False), replace(second, active_version=False), third


def _project(around: Surroundings, numbers: Numbers, nth: int, client: Client, name: str) -> Project:
    chance = dice(around.seed, "project", nth)
    place = nth % CYCLE
    stage = STAGE_CYCLE[nth % len(STAGE_CYCLE)]
    canadian = place == CANADIAN_AT
    created = moment(chance, around.today - timedelta(days=40), 300)
    superseded = timedelta(days=15 if place == VERSIONS_AT else 0)
    updated = moment(chance, around.today - superseded, 15)
    site = _site(chance, numbers, created, updated, canadian=canadian)
    maker = LineMaker(chance, numbers, site, around.products, around.vendors)
    lines = _lines(maker, SIZES[place], with_traps=place == TRAPS_AT)
    option_count = 2 if place == TRAPS_AT else chance.choice((0, 0, 0, 1, 2, 3))
    options, option_lines = extras.options(maker, lines, option_count)
    owner = chance.choice(around.users)
    contact = client.primary_contact
    day = created.date()
    return Project(
        id=next(numbers.projects),
        name=name,
        custom_id="" if place == NAMELESS_AT else f"P-{2601 + nth}",
        stage=stage,
        owner_id=owner.id,
        client_id=client.id,
        office_id=around.offices[2].id if canadian else chance.choice(around.offices[:2]).id,
        created_at=created,
        updated_at=updated,
        short_description=_description(chance, name),
        probability=Decimal(PROBABILITY[stage]),
        currency="CAD" if canadian else "USD",
        exchange_rates={"USD": US_PER_CANADIAN} if canadian else {"CAD": Decimal("1.3721")},
        sales_tax=Decimal(chance.choice(TAXES)),
        labor_tax=Decimal(chance.choice(("0", "0", "0.05"))),
        budget=Decimal(chance.randrange(5, 400) * 1000) if chance.random() < 0.4 else None,
        paid_to_date=Decimal(chance.randrange(0, 9000))
        if stage in {"install", "review", "completed"}
        else Decimal(0),
        close_date=_day(chance, day, 20, 90) if stage != "template" else None,
        commission_date=_day(chance, day, 120, 200) if chance.random() < 0.4 else None,
        estimated_install_on=_day(chance, day, 100, 160) if chance.random() < 0.6 else None,
        price_valid_until=day + timedelta(days=30),
        contract_number=f"C-{chance.randrange(1000, 9999)}" if stage in {"contract", "install"} else None,
        address=client.address,
        primary_contact_id=contact.id if contact else None,
        project_manager_id=chance.choice(around.users).id,
        engineer_id=chance.choice(around.users).id if chance.random() < 0.7 else None,
        market_segment_id=MARKET_SEGMENTS[market(client)].id,
        custom_fields={"invoice_number": f"IV{1000 + nth}"} if chance.random() < 0.3 else {},
        rooms=site.rooms,
        systems=site.systems,
        tags=site.tags,
        phases=site.phases,
        bundles=site.bundles,
        labor=site.labor,
        lines=(*lines, *option_lines),
        factors=extras.factors(maker),
        options=options,
        service_packages=extras.service_packages(maker) if chance.random() < 0.35 else (),
    )


def _lines(maker: LineMaker, size: int, *, with_traps: bool) -> tuple[Line, ...]:
    odd = [product for product in maker.products if _is_odd(product)] if with_traps else []
    known = [maker.of(product) for product in odd[:size]]
    return (*known, *(maker.any() for _ in range(size - len(known))))


def _is_odd(product: Product) -> bool:
    return (
        not product.model
        or len(product.model) > 75
        or product.custom
        or any(c in product.model for c in '"\\%')
    )


def _site(
    chance: random.Random, numbers: Numbers, created: datetime, updated: datetime, *, canadian: bool
) -> Site:
    def groups(kinds: Sequence[str], ids: Iterator[int]) -> tuple[Group, ...]:
        return tuple(Group(id=next(ids), name=name, created_at=created, updated_at=created) for name in kinds)

    return Site(
        rooms=tuple(
            Room(
                id=next(numbers.rooms),
                name=name,
                quantity=chance.choice((1, 1, 1, 2, 3)),
                created_at=created,
                updated_at=created,
            )
            for name in chance.sample(names.ROOMS, chance.randrange(1, 5))
        ),
        systems=groups(names.SYSTEMS[: chance.randrange(1, len(names.SYSTEMS) + 1)], numbers.systems),
        tags=groups(names.TAGS[: chance.choice((0, 2, 4))], numbers.tags),
        phases=groups(names.PHASES if chance.random() < 0.4 else (), numbers.phases),
        bundles=_bundles(chance, numbers),
        labor=labor_types(numbers, with_hours=True),
        per_dollar=1 / US_PER_CANADIAN if canadian else Decimal(1),
        created_at=created,
        updated_at=updated,
    )


def _bundles(chance: random.Random, numbers: Numbers) -> tuple[Bundle, ...]:
    if chance.random() > 0.3:
        return ()
    bundle_id = next(numbers.bundles)
    quantity = Decimal(chance.choice((1, 2)))
    return (
        Bundle(id=bundle_id, name="Display with mount and power", description="Bundle", quantity=quantity),
    )


def _description(chance: random.Random, name: str) -> str | None:
    return f"Design and installation: {name}" if chance.random() < 0.5 else None


def _day(chance: random.Random, start: date, least: int, most: int) -> date:
    return start + timedelta(days=chance.randrange(least, most))
