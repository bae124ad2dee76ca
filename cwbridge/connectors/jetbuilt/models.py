"""Records of Jetbuilt's customer API: the fields that are read, as the API spells them.

Money, quantities and hours are exact decimals. Times carry the zone the API wrote, so they compare as moments. Null and an
empty reference are both None. A text that the API shows as null or empty is Optional; the projection decides what an empty
text means. Source: Jetbuilt API documentation, customer part, May 2026.
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
    """The user who owns a project; the e-mail is found at `users()` only."""

    full_name: str | None = None


class Labor(Record, frozen=True):
    """Hours of one labor type in a project; `cost` and `price` are per hour."""

    id: int
    name: str | None = None
    cost: Decimal | None = None
    price: Decimal | None = None
    total_hours: Decimal | None = None


class ListedProject(Record, frozen=True):
    """A project as the list of projects tells of it: enough to know which project changed, and when."""

    id: int
    original_version_id: int | None = None
    client: Reference | None = None
    updated_at: Moment | None = None

    @property
    def family(self) -> int:
        """The identity that lasts over versions: the id of the first one."""
        return self.original_version_id or self.id


class Project(ListedProject, frozen=True):
    """A project as it is answered by itself, with rooms, systems and labor."""

    name: str | None = None
    short_description: str | None = None
    custom_id: str | None = None
    version: str | None = None
    versions: list[Any] | None = None
    stage: str | None = None
    close_date: date | None = None
    currency: str | None = None
    sales_tax: Decimal | None = None
    labor_tax: Decimal | None = None
    equipment_total: Decimal | None = None
    labor_total: Decimal | None = None
    shipping_total: Decimal | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    country: str | None = None
    owner: Owner | None = None
    primary_contact: Reference | None = None
    company_location: Reference | None = None
    rooms: list[Reference] | None = None
    systems: list[Reference] | None = None
    labor: list[Labor] | None = None
    created_at: Moment | None = None


class ItemLabor(Record, frozen=True):
    """Labor of one line item; `minutes`, `cost` and `price` are totals of the item, not per unit."""

    minutes: Decimal | None = None
    taxable: bool | None = None
    cost: Decimal | None = None
    price: Decimal | None = None
    labor_type: Reference | None = None


class LineItem(Record, frozen=True):
    """A line of a project or option; `quantity` is the total over rooms and bundles.

    `kind` is physical, hourly_labor or subcontract_labor; amounts are in the project's currency.
    """

    id: int
    kind: str
    manufacturer_name: str | None = None
    model: str | None = None
    part_number: str | None = None
    short_description: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    project_cost: Decimal | None = None
    shipping_price: Decimal | None = None
    total_equipment_price: Decimal | None = None
    subcontract_labor_price: Decimal | None = None
    subcontract_labor_cost: Decimal | None = None
    owner_furnished: bool | None = None
    tax_equipment: bool | None = None
    tax_shipping: bool | None = None
    room: Reference | None = None
    system: Reference | None = None
    option: Reference | None = None
    item_type: Reference | None = None
    labor: list[ItemLabor] | None = None
    notes: str | None = None
    external_notes: str | None = None


class Factor(Record, frozen=True):
    """A calculated charge of a project or option, such as management or travel."""

    id: int
    name: str | None = None
    description: str | None = None
    total_price: Decimal | None = None
    total_cost: Decimal | None = None
    total_tax: Decimal | None = None
    taxed: bool | None = None


class LaborCredit(Record, frozen=True):
    """Hours that an option takes off the project."""

    labor_type: str | None = None
    hours: Decimal | None = None
    unit_cost: Decimal | None = None
    unit_price: Decimal | None = None


class ListedOption(Record, frozen=True):
    """An option as the list of options tells of it."""

    id: int
    name: str | None = None
    updated_at: Moment | None = None


class Option(Record, frozen=True):
    """An option with its lines; it is called change order once the project is in stage contract."""

    id: int
    name: str | None = None
    sold: bool | None = None
    scope: str | None = None
    total: Decimal | None = None
    active: bool | None = None
    change_order: bool | None = None
    line_items: list[LineItem] = msgspec.field(default_factory=list)
    factors: list[Factor] = msgspec.field(default_factory=list)
    labor_credits: list[LaborCredit] = msgspec.field(default_factory=list)


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
    sold: bool | None = None
    taxed: bool | None = None
    calculated_price: Decimal | None = None
    calculated_cost: Decimal | None = None


class Contact(Record, frozen=True):
    """A person at a client."""

    id: int
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    email_address: str | None = None
    phone_number_1: str | None = None
    phone_number_2: str | None = None
    primary: bool | None = None


class Client(Record, frozen=True):
    """A customer of the integrator."""

    id: int
    company_name: str | None = None
    website: str | None = None
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    country: str | None = None
    parent_id: int | None = None
    contacts: list[Contact] | None = None


class User(Record, frozen=True):
    id: int
    email: str | None = None


class CompanyLocation(Record, frozen=True):
    """An office of the integrator."""

    id: int
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    country: str | None = None


class Company(Record, frozen=True):
    """The integrator itself with its offices."""

    locations: list[CompanyLocation] = msgspec.field(default_factory=list)


class ProjectItems(Record, frozen=True):
    """All lines of a project, from all pages, and its factors; an answer without the lists is not an empty project."""

    line_items: list[LineItem]
    factors: list[Factor]


class ServicePackages(Record, frozen=True):
    """The answer of the service package list, which has a name around it."""

    service_packages: list[ServicePackage]
