"""What stands beside the lines of a project: factors, options and service packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sandbox.world import names
from sandbox.world.lines import LineMaker
from sandbox.world.model import Expense, Factor, LaborCredit, Line, Option, ServicePackage, Trip

OPTION_NAMES = (
    "Add confidence monitor",
    "Upgrade to laser projection",
    "Assistive listening (ADA)",
    'Alternate: 98" display',
    "Streaming & recording",
)
PACKAGES = (
    ("Annual Maintenance", "included", "flat_price", "annually", "2400.0", "1150.0"),
    ("Remote Monitoring", "optional", "flat_price", "monthly", "185.0", "60.0"),
    ("Extended Warranty", "optional", "percentage", "annually", "4.5", "2.25"),
)
EXPENSES = (("Lodging", "142.5", "175.0"), ("Per diem", "59.0", "65.0"))


def factors(maker: LineMaker) -> tuple[Factor, ...]:
    """Return the factors of a project: some of freight, administration, management, trips and permits."""
    plans = (_freight(maker), _administration(maker), _management(maker), _trips(maker), _permits(maker))
    wanted = [plan for plan in plans if maker.chance.random() < 0.7]
    return tuple(replace(plan, id=next(maker.numbers.factors)) for plan in wanted)


def options(
    maker: LineMaker, lines: Sequence[Line], count: int
) -> tuple[tuple[Option, ...], tuple[Line, ...]]:
    """Return options and their own lines; every second line of an option replaces one of the project."""
    chance = maker.chance
    made: list[Option] = []
    placed: list[Line] = []
    replaceable = [line for line in lines if line.kind == "physical" and not line.owner_furnished]
    for name in chance.sample(OPTION_NAMES, count):
        option = _option(maker, name)
        for nth in range(chance.randrange(2, 7)):
            line = maker.any(option.id)
            if nth % 2 and replaceable:
                replaced = replaceable.pop(chance.randrange(len(replaceable)))
                line = replace(line, replacement_lineitem_ids=(replaced.id,))
            placed.append(line)
        made.append(option)
    return tuple(made), tuple(placed)


def service_packages(maker: LineMaker) -> tuple[ServicePackage, ...]:
    """Return one to three packages; an optional one may be sold or not."""
    count = maker.chance.randrange(1, len(PACKAGES) + 1)
    return tuple(
        ServicePackage(
            id=next(maker.numbers.packages),
            name=name,
            purchase_type=purchase_type,
            pricing_method=pricing_method,
            program_term=term,
            price=Decimal(price),
            cost=Decimal(cost),
            sold=purchase_type == "included" or maker.chance.random() < 0.5,
            taxed=maker.chance.random() < 0.3,
            taxable_amount_percent=Decimal(maker.chance.choice(("100", "50"))),
        )
        for name, purchase_type, pricing_method, term, price, cost in PACKAGES[:count]
    )


def _option(maker: LineMaker, name: str) -> Option:
    chance, site = maker.chance, maker.site
    work = names.LABOR_TYPES[names.INSTALLATION]
    credit = LaborCredit(
        labor_type=work[0],
        category=work[1],
        hours=Decimal(chance.choice(("0.5", "1", "1.5", "2"))),
        unit_cost=Decimal(work[2]),
        unit_price=Decimal(work[3]),
    )
    return Option(
        id=next(maker.numbers.options),
        name=name,
        scope="",
        sold=chance.random() < 0.4,
        created_at=site.created_at,
        updated_at=site.updated_at,
        room_id=chance.choice(site.rooms).id if chance.random() < 0.5 else None,
        labor_credits=(credit,) if chance.random() < 0.5 else (),
    )


def _freight(maker: LineMaker) -> Factor:
    return Factor(
        id=0,
        name="Freight",
        description="Percentage of equipment",
        factor_method="equipment_price",
        taxed=False,
        hidden=False,
        created_at=maker.site.created_at,
        updated_at=maker.site.updated_at,
        rate_price=Decimal(maker.chance.choice(("0.025", "0.03", "0.0375"))),
        rate_cost=Decimal("0.0225"),
    )


def _administration(maker: LineMaker) -> Factor:
    return Factor(
        id=0,
        name="General & Administrative",
        description="Percentage of equipment",
        factor_method="equipment_price",
        taxed=True,
        hidden=True,
        created_at=maker.site.created_at,
        updated_at=maker.site.updated_at,
        rate_price=Decimal("0.0125"),
    )


def _management(maker: LineMaker) -> Factor:
    return Factor(
        id=0,
        name="Management",
        description="Hours per day of install",
        factor_method="hours_per_day",
        taxed=False,
        hidden=False,
        created_at=maker.site.created_at,
        updated_at=maker.site.updated_at,
        rate_price=Decimal("125.0"),
        rate_cost=Decimal("76.0"),
        hours_per_day=Decimal(maker.chance.choice(("0.5", "1", "1.25"))),
    )


def _trips(maker: LineMaker) -> Factor:
    return Factor(
        id=0,
        name="Trip Factor",
        description="Trips",
        factor_method="trip_calc",
        taxed=False,
        hidden=False,
        created_at=maker.site.created_at,
        updated_at=maker.site.updated_at,
        crew=maker.chance.choice((2, 3)),
        trips=(
            Trip(description="Install", days=maker.chance.randrange(2, 9)),
            Trip(description="Commissioning", days=1),
        ),
        expenses=tuple(
            Expense(
                expense_name=name,
                calculation_method="trip_flat_rate_per_day",
                per_crew_member=True,
                plus_supervisor=False,
                cost=Decimal(cost),
                price=Decimal(price),
            )
            for name, cost, price in EXPENSES
        ),
    )


def _permits(maker: LineMaker) -> Factor:
    return Factor(
        id=0,
        name="Permits",
        description="City permit",
        factor_method="flat_price",
        taxed=True,
        hidden=False,
        created_at=maker.site.created_at,
        updated_at=maker.site.updated_at,
        rate_price=Decimal("385.0"),
        rate_cost=Decimal("385.0"),
    )
