"""The tables `[opportunity]` and `[catalog]` of the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

import pydantic
from pydantic import Field

from cwbridge.settings.sections import Section
from cwbridge.settings.values import ByName, Duration, fillable
from worker.opportunity.stages import ByStage, StageName


class SubTable(pydantic.BaseModel):
    """A table within a table: frozen, unknown names are refused."""

    model_config = Section.model_config


class StageTarget(SubTable):
    """What a Jetbuilt stage means in ConnectWise, by the names of its set-up tables; names that are not listed stay as they are."""

    stage: str | None = None
    status: str | None = None
    probability: int | None = Field(default=None, ge=0, le=100)


class OfficeTarget(SubTable):
    """Where the opportunities of a Jetbuilt office belong in ConnectWise."""

    location: str | None = None
    department: str | None = None


class OpportunitySettings(Section):
    table: ClassVar[str] = "opportunity"

    line_strategy: Literal["recreate", "changed"] = "recreate"
    """`recreate` replaces all lines on every update, as Jetbuilt's own export does; `changed` only those that changed."""
    name_template: str = "{custom_id} {name}"
    """Name of an opportunity; places: {custom_id}, {name}, {id}, {version}."""
    option_name_template: str = "{parent} / {name}"
    """Name of the opportunity of an option or change order; places: {parent}, {name}, {id}."""
    type_project: str = "Jetbuilt Project"
    """Opportunity type of projects, created when missing."""
    type_option: str = "Jetbuilt Option"
    """Opportunity type of options, created when missing."""
    type_change_order: str = "Jetbuilt Change Order"
    """Opportunity type of change orders, created when missing."""
    skip_stages: tuple[StageName, ...] = ()
    """Jetbuilt stages that are not exported; template and trash never are."""
    stages: ByStage[StageTarget] = {}
    """Jetbuilt stage -> {stage, status, probability} by ConnectWise's names; names that are not listed stay as they are."""
    offices: ByName[OfficeTarget] = {}
    """Jetbuilt office -> {location, department} by ConnectWise's names."""
    close_after: Duration = timedelta(days=30)
    """Expected close date of projects without one, counted from their creation."""
    fallback_contact: str = "Main Contact"
    """First name of the contact made for a client that has none; ConnectWise demands one."""
    allow_duplicate_contacts: bool = False
    """Whether a contact is created although ConnectWise knows such a person at another company."""
    fallback_site: str = "Main"
    """Site of projects without an office or address."""
    site: Literal["office", "project"] = "office"
    """The site is named after the Jetbuilt office, or after the address of the project."""
    currency: Literal["by_code", "leave"] = "by_code"
    """Whether the project's currency is set on the opportunity by its ISO code."""
    owner_furnished: Literal["no_charge", "leave_out"] = "no_charge"
    """What happens to items that the client provides."""
    foreign_lines: Literal["keep", "remove"] = "keep"
    """What happens to lines that another user made on linked opportunities."""
    drift: Literal["report", "repair"] = "report"
    """What happens to synced lines whose quantity, price or cost another user changed in ConnectWise."""
    finished_status: str | None = None
    """Status given to opportunities whose project or option is gone, merged or inactive; a note is left in any case."""
    inventory_probe_interval: Duration = timedelta(minutes=5)
    """How often one waiting job checks whether inventory auditing is over."""
    apply_concurrency: int = Field(default=6, ge=1, le=32)
    """Writes of one job under way at once."""

    @pydantic.field_validator("name_template")
    @classmethod
    def _known_places(cls, template: str) -> str:
        return fillable(template, "custom_id", "name", "id", "version")

    @pydantic.field_validator("option_name_template")
    @classmethod
    def _known_option_places(cls, template: str) -> str:
        return fillable(template, "parent", "name", "id")


class CatalogSettings(Section):
    table: ClassVar[str] = "catalog"

    identifier_template: str = "{model}"
    """Identifier of the catalog item of an item; places: {model}, {manufacturer}, {part_number}."""
    category: str = "Jetbuilt"
    """Category of catalog items that cwbridge creates."""
    subcategory_equipment: str = "Equipment"
    """Sub-category of equipment."""
    subcategory_labor: str = "Labor"
    """Sub-category of labor."""
    subcategory_subcontract_labor: str = "Subcontract Labor"
    """Sub-category of subcontract labor."""
    subcategory_shipping: str = "Shipping"
    """Sub-category of shipping."""
    subcategory_service: str = "Service Packages"
    """Sub-category of service packages."""
    type_equipment: str = "Equipment"
    """Product type of equipment (accounting class NonInventoryPart)."""
    type_labor: str = "Labor"
    """Product type of labor (accounting class Service)."""
    type_other: str = "Other Charges"
    """Product type of factors, shipping and service packages (accounting class OtherCharge)."""
    unit_of_measure: str = "Each"
    """Unit of measure of catalog items that cwbridge creates."""
    item_types: ByName[str] = {}
    """Jetbuilt item type -> sub-category of its equipment; types not named go to `subcategory_equipment`."""
    inactive_items: Literal["qualify", "reactivate", "refuse"] = "qualify"
    """What to do when the catalog item of a model is inactive: use `Manufacturer Model` instead, reactivate it, or refuse."""
    existing_items: Literal["keep", "update_prices"] = "keep"
    """Whether existing catalog items keep their price and cost, or get those of the newest line."""
    cache_ttl: Duration = timedelta(hours=12)
    """How long a found catalog item is cached."""

    @pydantic.field_validator("identifier_template")
    @classmethod
    def _known_places(cls, template: str) -> str:
        return fillable(template, "model", "manufacturer", "part_number")
