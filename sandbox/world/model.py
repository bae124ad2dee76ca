"""The nouns of the invented AV integrator's projects, and its whole world: plain frozen data without behaviour.

Money, quantities and rates are Decimal; times are aware UTC datetimes cut to milliseconds. Nothing here is an answer of
an API: the stand-ins decide how each noun is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

from sandbox.world.billing import Billing
from sandbox.world.house import Address, Client, Company, Contact, Named, Office, Product, User

__all__ = [
    "STAGES", "ZERO", "Address", "Bundle", "Client", "Company", "Contact", "Expense", "Factor", "Group", "LaborCredit",
    "LaborType", "Line", "LineKind", "LineLabor", "Named", "Office", "Option", "Product", "Project", "Room",
    "ServicePackage", "Stage", "Trip", "User", "World",
]  # fmt: skip

LineKind = Literal["physical", "hourly_labor", "subcontract_labor"]
Stage = Literal[
    "opportunity", "estimate", "revisions", "proposal", "contract", "install",
    "review", "completed", "icebox", "lost", "template", "trash",
]  # fmt: skip
STAGES: tuple[Stage, ...] = get_args(Stage)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room of a project; its quantity multiplies the lines in it."""

    id: int
    name: str
    quantity: int
    created_at: datetime
    updated_at: datetime
    scope: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A system, tag or phase of a project."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    scope: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Lines sold together; `quantity` counts the bundle per room."""

    id: int
    name: str
    description: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LaborType:
    """A kind of work with hourly amounts; `base_hours` are hours of the project that no line asks for."""

    id: int
    name: str
    category: str
    cost: Decimal
    price: Decimal
    base_hours: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLabor:
    """Work that one unit of a line needs."""

    labor_type_id: int
    minutes_per_unit: Decimal
    taxable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line item. Its total quantity follows from the room, the bundle and the quantity per each."""

    id: int
    kind: LineKind
    manufacturer: Named
    model: str
    part_number: str | None
    short_description: str
    item_type: Named
    created_at: datetime
    updated_at: datetime
    product_id: int | None = None
    custom_product_id: int | None = None
    custom: bool = False
    room_id: int | None = None
    system_id: int | None = None
    tag_id: int | None = None
    phase_id: int | None = None
    bundle_id: int | None = None
    option_id: int | None = None
    quantity_per_room: Decimal = Decimal(1)
    quantity_per_bundle: Decimal | None = None
    price: Decimal = ZERO
    cost: Decimal = ZERO
    project_cost: Decimal = ZERO
    msrp: Decimal = ZERO
    currency_iso: str = "USD"
    shipping_price: Decimal = ZERO
    shipping_cost: Decimal = ZERO
    subcontract_labor_price: Decimal = ZERO
    subcontract_labor_cost: Decimal = ZERO
    owner_furnished: bool = False
    hidden: bool = False
    tax_equipment: bool = True
    tax_shipping: bool = False
    labor: tuple[LineLabor, ...] = ()
    notes: str | None = None
    external_notes: str | None = None
    metadata: object = None
    vendor: Named | None = None
    replacement_lineitem_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A journey of the installation crew."""

    description: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """What one day of a trip costs, per crew member or for all."""

    expense_name: str
    calculation_method: str
    per_crew_member: bool
    plus_supervisor: bool
    cost: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """An amount on top of the lines.

    The meaning of `rate_price` and `rate_cost` follows the method: `equipment_price` a fraction of the equipment,
    `hours_per_day` an hourly amount, `flat_price` the amount itself, `trip_calc` unused.
    """

    id: int
    name: str
    description: str
    factor_method: str
    taxed: bool
    hidden: bool
    created_at: datetime
    updated_at: datetime
    rate_price: Decimal = ZERO
    rate_cost: Decimal = ZERO
    hours_per_day: Decimal = ZERO
    crew: int = 1
    trips: tuple[Trip, ...] = ()
    expenses: tuple[Expense, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LaborCredit:
    """Work that an option makes unnecessary, counted positively."""

    labor_type: str
    category: str
    hours: Decimal
    unit_cost: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of a project, called a change order once the project is under contract."""

    id: int
    name: str
    scope: str
    sold: bool
    created_at: datetime
    updated_at: datetime
    active: bool = True
    room_id: int | None = None
    labor_credits: tuple[LaborCredit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePackage:
    """A service agreement offered with a project; a percentage package gives its price in percent."""

    id: int
    name: str
    purchase_type: str
    pricing_method: str
    program_term: str
    price: Decimal
    cost: Decimal
    sold: bool
    taxed: bool
    taxable_amount_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One version of a project. Versions of a family share `original_version_id` (None for the first itself)."""

    id: int
    name: str
    custom_id: str
    stage: Stage
    owner_id: int
    client_id: int
    office_id: int
    created_at: datetime
    updated_at: datetime
    version: str = "1.0"
    version_description: str | None = None
    original_version_id: int | None = None
    active_version: bool = True
    locked: bool = False
    shared: bool = False
    short_description: str | None = None
    project_type: str = "project"
    probability: Decimal = Decimal("0.5")
    currency: str = "USD"
    exchange_rates: Mapping[str, Decimal] = field(default_factory=dict)
    sales_tax: Decimal = ZERO
    labor_tax: Decimal = ZERO
    budget: Decimal | None = None
    paid_to_date: Decimal = ZERO
    close_date: date | None = None
    commission_date: date | None = None
    estimated_install_on: date | None = None
    price_valid_until: date | None = None
    contract_number: str | None = None
    discussion_title: str | None = None
    discussion_body: str = ""
    address: Address = field(default_factory=Address)
    primary_contact_id: int | None = None
    project_manager_id: int | None = None
    engineer_id: int | None = None
    second_engineer_id: int | None = None
    market_segment_id: int | None = None
    labor_program_id: int | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    rooms: tuple[Room, ...] = ()
    systems: tuple[Group, ...] = ()
    tags: tuple[Group, ...] = ()
    phases: tuple[Group, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    labor: tuple[LaborType, ...] = ()
    lines: tuple[Line, ...] = ()
    factors: tuple[Factor, ...] = ()
    options: tuple[Option, ...] = ()
    service_packages: tuple[ServicePackage, ...] = ()

    @property
    def family_id(self) -> int:
        """The id of the first version, the same for all versions."""
        return self.original_version_id or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the integrator knows on its last day of work before the stand-in starts."""

    seed: int
    company: Company
    users: tuple[User, ...]
    clients: tuple[Client, ...]
    manufacturers: tuple[Named, ...]
    vendors: tuple[Named, ...]
    item_types: tuple[Named, ...]
    products: tuple[Product, ...]
    projects: tuple[Project, ...]
    billing: Billing = field(default_factory=Billing)

    @property
    def offices(self) -> tuple[Office, ...]:
        """The locations of the company."""
        return self.company.offices

    @property
    def active_projects(self) -> tuple[Project, ...]:
        """The projects without their superseded versions."""
        return tuple(project for project in self.projects if project.active_version)
