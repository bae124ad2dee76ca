"""What ConnectWise should hold for one Jetbuilt project: plain data, names instead of ids."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["equipment", "subcontract", "labor", "factor", "shipping", "service"]
Billable = Literal["Billable", "NoCharge"]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sale has come, by ConnectWise's names; None is left alone."""

    stage: str | None = None
    status: str | None = None
    probability: int | None = None


class OfficeAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the integrator's locations and departments an opportunity belongs to, by name; None is left alone."""

    location: str | None = None
    department: str | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that shape a projection, handed in as data."""

    name_template: str = "{custom_id} {name}"
    identifier_template: str = "{model}"
    option_name_template: str = "{parent} / {name}"
    type_name: str = "Jetbuilt Project"
    type_option: str = "Jetbuilt Option"
    type_change_order: str = "Jetbuilt Change Order"
    stages: dict[str, Progress] = {}
    offices: dict[str, OfficeAssignment] = {}
    site_of_project: bool = False
    currency_by_code: bool = True
    skip_stages: tuple[str, ...] = ()
    close_after_days: int = 30
    fallback_contact: str = "Main Contact"
    fallback_site: str = "Main"
    no_charge_owner_furnished: bool = True
    line_strategy: Literal["recreate", "changed"] = "recreate"
    project_link: str = "https://app.jetbuilt.com/projects/{id}"


class DesiredProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A catalog item as it is looked for, and as it is created when it is not there."""

    identifier: str
    qualified: str
    """The identifier taken when `identifier` belongs to another manufacturer."""
    kind: Kind
    description: str
    manufacturer: str = ""
    item_type: str = ""
    part_number: str = ""
    customer_description: str = ""
    price: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    taxable: bool = True


class DesiredLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product item: `key` says which Jetbuilt line it is, the rest what it should hold."""

    key: str
    product: DesiredProduct
    quantity: Decimal
    price: Decimal
    cost: Decimal
    description: str
    customer_description: str
    internal_notes: str = ""
    vendor_sku: str = ""
    billable: Billable = "Billable"
    taxable: bool = True

    @property
    def total_price(self) -> Decimal:
        return (self.quantity * self.price).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


class DesiredPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A contact: found by e-mail within the company, else by name."""

    jetbuilt_id: int | None
    first_name: str
    last_name: str = ""
    email: str = ""
    title: str = ""
    phones: tuple[str, ...] = ()


class Address(msgspec.Struct, frozen=True, kw_only=True):
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


class DesiredCompany(msgspec.Struct, frozen=True, kw_only=True):
    """A company: found by link or exact name, else created."""

    jetbuilt_id: int
    name: str
    address: Address = Address()
    phone: str = ""
    website: str = ""
    parent: DesiredCompany | None = None


class DesiredSite(msgspec.Struct, frozen=True, kw_only=True):
    """A site of the company, named after the Jetbuilt office."""

    name: str
    address: Address = Address()


class DesiredRep(msgspec.Struct, frozen=True, kw_only=True):
    """The project's owner: only matched, never created."""

    full_name: str = ""
    email: str = ""


class DesiredOpportunity(msgspec.Struct, frozen=True, kw_only=True):
    """The whole opportunity, as it should be."""

    external_id: str
    name: str
    type_name: str
    close_date: datetime
    notes: str
    rep: DesiredRep
    company: DesiredCompany
    contact: DesiredPerson
    site: DesiredSite
    lines: tuple[DesiredLine, ...]
    progress: Progress = Progress()
    place: OfficeAssignment = OfficeAssignment()
    currency: str = ""
    suspects: tuple[str, ...] = ()
    """Lines whose total is not the one Jetbuilt itself shows for them: they could explain a difference."""
    source_total: Decimal | None = None
    """Jetbuilt's own total without tax, to compare with what the lines add up to."""

    @property
    def lines_total(self) -> Decimal:
        return sum((line.total_price for line in self.lines), Decimal("0.00"))

    @property
    def difference(self) -> Decimal | None:
        """Jetbuilt's total minus ours; zero when every cent is explained."""
        return None if self.source_total is None else self.source_total - self.lines_total
