"""Records of Jetbuilt as its customer API spells them; money, quantities and hours are exact decimals.

Times carry the zone the API wrote, so they compare as moments. Null and an empty reference are both None. Texts that the
API shows as null or empty are Optional; nothing here decides what an empty text means.
Source: Jetbuilt API documentation, customer part, May 2026.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from cwbridge.connectors.records import Link, Record

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Reference(Link, frozen=True):
    """Another record by id and, where the API gives it, name."""

    name: str | None = None


class Owner(Link, frozen=True):
    """A user in a role of a project; the e-mail is found at `users()` only."""

    full_name: str | None = None


class RoomReference(Link, frozen=True):
    """The room of a line item; `quantity` is how many such rooms there are."""

    name: str | None = None
    quantity: Decimal | None = None


class PurchasingSource(Link, frozen=True):
    company_name: str | None = None


class Room(Record, frozen=True):
    id: int
    name: str | None = None
    quantity: Decimal | None = None
    scope: str | None = None
    active: bool | None = None


class Version(Record, frozen=True):
    """One revision of a project; each has a project id of its own."""

    id: int
    name: str | None = None
    description: str | None = None
    locked: bool | None = None


class Labor(Record, frozen=True):
    """Hours of one labor type in a project; `cost` and `price` are per hour."""

    id: int
    name: str | None = None
    category: str | None = None
    cost: Decimal | None = None
    price: Decimal | None = None
    total_hours: Decimal | None = None


class Project(Record, frozen=True):
    """A project; rooms, systems, labor, versions and margins come with a single project only, not in lists."""

    id: int
    name: str | None = None
    short_description: str | None = None
    custom_id: str | None = None
    version: str | None = None
    versions: list[Version] | None = None
    original_version_id: int | None = None
    stage: str | None = None
    probability: Decimal | None = None
    close_date: date | None = None
    commission_date: date | None = None
    estimated_install_on: date | None = None
    price_valid_until: date | None = None
    contract_number: str | None = None
    project_type: str | None = None
    currency: str | None = None
    exchange_rates: dict[str, Decimal | None] | None = None
    paid_to_date: Decimal | None = None
    sales_tax: Decimal | None = None
    labor_tax: Decimal | None = None
    equipment_total: Decimal | None = None
    labor_total: Decimal | None = None
    shipping_total: Decimal | None = None
    tax_total: Decimal | None = None
    total: Decimal | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    country: str | None = None
    owner: Owner | None = None
    project_manager: Owner | None = None
    engineer: Owner | None = None
    second_engineer: Owner | None = None
    client: Reference | None = None
    primary_contact: Reference | None = None
    company_location: Reference | None = None
    market_segment: Reference | None = None
    active: bool | None = None
    shared: bool | None = None
    rooms: list[Room] | None = None
    systems: list[Reference] | None = None
    tags: list[Reference] | None = None
    phases: list[Reference] | None = None
    labor: list[Labor] | None = None
    custom_fields: dict[str, Any] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None

    @property
    def family(self) -> int:
        """The identity that lasts over versions: the id of the first one."""
        return self.original_version_id or self.id


class ItemLabor(Record, frozen=True):
    """Labor of one line item; `minutes`, `cost` and `price` are totals of the item, not per unit."""

    category: str | None = None
    minutes: Decimal | None = None
    taxable: bool | None = None
    cost: Decimal | None = None
    price: Decimal | None = None
    labor_type: Reference | None = None


class LineItem(Record, frozen=True):
    """A line of a project or option; `quantity` is the total over rooms and bundles.

    `kind` is physical, hourly_labor or subcontract_labor; `cost` and `msrp` are in `currency_iso`, the other amounts in
    the project's currency.
    """

    id: int
    kind: str
    manufacturer_id: int | None = None
    manufacturer_name: str | None = None
    model: str | None = None
    part_number: str | None = None
    short_description: str | None = None
    quantity: Decimal | None = None
    quantity_per_room: Decimal | None = None
    quantity_per_bundle: Decimal | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    project_cost: Decimal | None = None
    msrp: Decimal | None = None
    currency_iso: str | None = None
    shipping_price: Decimal | None = None
    subtotal_equipment_price: Decimal | None = None
    total_equipment_price: Decimal | None = None
    subcontract_labor_price: Decimal | None = None
    subcontract_labor_cost: Decimal | None = None
    owner_furnished: bool | None = None
    hidden: bool | None = None
    custom: bool | None = None
    product_id: int | None = None
    custom_product_id: int | None = None
    tax_equipment: bool | None = None
    tax_shipping: bool | None = None
    room: RoomReference | None = None
    system: Reference | None = None
    tag: Reference | None = None
    phase: Reference | None = None
    bundle: Reference | None = None
    option: Reference | None = None
    item_type: Reference | None = None
    labor: list[ItemLabor] | None = None
    selected_purchasing_vendor: Reference | None = None
    purchasing_source: PurchasingSource | None = None
    notes: str | None = None
    external_notes: str | None = None
    replacement_lineitem_ids: list[int] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class Factor(Record, frozen=True):
    """A calculated charge of a project or option, such as management or travel."""

    id: int
    name: str | None = None
    description: str | None = None
    factor_method: str | None = None
    total_price: Decimal | None = None
    total_cost: Decimal | None = None
    total_tax: Decimal | None = None
    hours: Decimal | None = None
    taxed: bool | None = None
    hidden: bool | None = None


class LaborCredit(Record, frozen=True):
    """Hours that an option takes off the project."""

    labor_type: str | None = None
    category: str | None = None
    hours: Decimal | None = None
    unit_cost: Decimal | None = None
    unit_price: Decimal | None = None
    total_cost: Decimal | None = None
    total_price: Decimal | None = None


class Option(Record, frozen=True):
    """An option, called change order once the project is in stage contract; lines come with a single option only."""

    id: int
    name: str | None = None
    sold: bool | None = None
    scope: str | None = None
    total: Decimal | None = None
    upgrade_total: Decimal | None = None
    active: bool | None = None
    change_order: bool | None = None
    room: Reference | None = None
    line_items: list[LineItem] = msgspec.field(default_factory=list)
    factors: list[Factor] = msgspec.field(default_factory=list)
    labor_credits: list[LaborCredit] = msgspec.field(default_factory=list)
    created_at: Moment | None = None
    updated_at: Moment | None = None


class OptionPage(Option, frozen=True, kw_only=True):
    """A page of a single option; an answer without the lists is not an empty option."""

    line_items: list[LineItem]
    factors: list[Factor]

    def whole(self) -> Option:
        return Option(**{name: getattr(self, name) for name in Option.__struct_fields__})


class ServicePackage(Record, frozen=True):
    id: int
    name: str | None = None
    purchase_type: str | None = None
    pricing_method: str | None = None
    program_term: str | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    sold: bool | None = None
    taxed: bool | None = None
    taxable_amount_percent: Decimal | None = None
    calculated_price: Decimal | None = None
    calculated_cost: Decimal | None = None


class Contact(Record, frozen=True):
    id: int
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    email_address: str | None = None
    phone_number_1: str | None = None
    phone_number_2: str | None = None
    description: str | None = None
    primary: bool | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class Client(Record, frozen=True):
    """A customer of the integrator."""

    id: int
    company_name: str | None = None
    website: str | None = None
    phone: str | None = None
    description: str | None = None
    delinquent: bool | None = None
    primary_contact_first_name: str | None = None
    primary_contact_last_name: str | None = None
    primary_contact_title: str | None = None
    primary_contact_email: str | None = None
    primary_contact_phone_number_1: str | None = None
    primary_contact_phone_number_2: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    country: str | None = None
    external_ids: dict[str, Any] | None = None
    parent_id: int | None = None
    contacts: list[Contact] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class User(Record, frozen=True):
    id: int
    full_name: str | None = None
    email: str | None = None


class CompanyLocation(Record, frozen=True):
    """An office of the integrator."""

    id: int
    name: str | None = None
    time_zone: str | None = None
    product_database_id: int | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    country: str | None = None


class Company(Record, frozen=True):
    """The integrator itself with its offices."""

    id: int
    name: str | None = None
    locations: list[CompanyLocation] = msgspec.field(default_factory=list)


class ProjectItems(Record, frozen=True):
    """All lines of a project, from all pages, and its factors; an answer without the lists is not an empty project."""

    line_items: list[LineItem]
    factors: list[Factor]


class ServicePackages(Record, frozen=True):
    """The answer of the service package list, which has a name around it."""

    service_packages: list[ServicePackage]
