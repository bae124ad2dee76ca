"""The tables of the settings file; the text under a setting is its description in docs/settings.md."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pydantic
from pydantic import Field, SecretStr

from cwbridge.limits.rate import Rate
from cwbridge.settings.values import Duration, HttpUrl, Listen, RateSetting, TimeZone, fillable


class Section(pydantic.BaseModel):
    """A table of the settings file: frozen, and no name in it is unknown."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
        use_attribute_docstrings=True,
    )


class RedisSettings(Section):
    url: SecretStr | None = None
    """`redis://`, `rediss://` or `unix://`; unset: an embedded server keeps its data in the state directory."""


class SystemSection(Section):
    """The table of an outside system; without a URL the system is switched off."""

    url: HttpUrl | None
    rate_limit: RateSetting
    concurrency: int

    @property
    def switched_on(self) -> bool:
        return self.url is not None


class JetbuiltSettings(SystemSection):
    url: HttpUrl | None = None
    """`https://app.jetbuilt.com/api`; unset, Jetbuilt is switched off."""
    api_key: SecretStr | None = None
    """The API key of Jetbuilt (Settings > Company > Integrations). Secret."""
    rate_limit: RateSetting = Rate(50, 10.0)
    """Calls allowed per window, shared by all processes; Jetbuilt counts per IP address."""
    concurrency: int = Field(default=6, ge=1, le=64)
    """Calls under way at once, over all processes."""
    poll_interval: Duration = timedelta(seconds=15)
    """How often the project list is asked for changes."""
    poll_overlap: Duration = timedelta(minutes=2)
    """How far each poll looks back behind the last one."""
    full_sync_interval: Duration = timedelta(hours=6)
    """How often every project is looked at, whatever its time stamps say."""


class ConnectWiseSettings(SystemSection):
    url: HttpUrl | None = None
    """The host, such as `https://api-na.myconnectwise.net`; the code base is discovered. Unset: switched off."""
    company_id: str | None = None
    """The company name of the ConnectWise login screen."""
    public_key: SecretStr | None = None
    """Public key of the API member. Secret."""
    private_key: SecretStr | None = None
    """Private key of the API member. Secret."""
    client_id: SecretStr | None = None
    """The client id (a GUID) of this integration."""
    api_version: str = "2025.1"
    """The API version asked for."""
    rate_limit: RateSetting = Rate(600, 60.0)
    """Calls allowed per window, shared by all processes. ConnectWise says that above about 1000 a minute it may throttle."""
    concurrency: int = Field(default=6, ge=1, le=64)
    """Calls under way at once, over all processes."""
    poll_interval: Duration = timedelta(minutes=1)
    """How often ConnectWise is asked what others changed on our opportunities and in the catalog."""
    poll_overlap: Duration = timedelta(minutes=2)
    """How far each of these polls looks back behind the last change it saw."""
    default_sales_rep: str | None = None
    """Member ID of the sales rep of projects whose owner is no ConnectWise member."""


class BssSettings(SystemSection):
    url: HttpUrl | None = None
    """The address of interworks.cloud BSS, such as `https://bss.eu.interworks.cloud`. Unset: switched off."""
    username: str | None = None
    """The application user of the API credentials."""
    password: SecretStr | None = None
    """The password of the application user. Secret."""
    client_key: SecretStr | None = None
    """The client key of the API credentials. Secret."""
    client_secret: SecretStr | None = None
    """The client secret of the API credentials. Secret."""
    api_version: str = Field(default="3", pattern=r"^[0-9A-Za-z.]{1,20}$")
    """The API version asked for."""
    rate_limit: RateSetting = Rate(300, 60.0)
    """Calls allowed per window, shared by all processes. BSS publishes no limit; this one is cautious."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Calls under way at once, over all processes."""
    page_size: int = Field(default=100, ge=10, le=500)
    """Rows asked for per page of a list."""
    poll_interval: Duration = timedelta(minutes=1)
    """How often each collection is asked for changes."""
    poll_overlap: Duration = timedelta(minutes=10)
    """How far each poll looks back behind the last change it saw."""
    full_sync_interval: Duration = timedelta(hours=6)
    """How often every account and contact is looked at, whatever its time stamps say."""
    time_zone: TimeZone | None = None
    """The time zone of the BSS server, such as `Europe/Athens`; needed only when its times have no offset."""


class StageTarget(Section):
    """What a Jetbuilt stage means in ConnectWise, by the names of its set-up tables; what is not named is left alone."""

    stage: str | None = None
    status: str | None = None
    probability: int | None = Field(default=None, ge=0, le=100)


class OfficeTarget(Section):
    """Where the opportunities of a Jetbuilt office belong in ConnectWise."""

    location: str | None = None
    department: str | None = None


class OpportunitySettings(Section):
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
    skip_stages: tuple[str, ...] = ()
    """Jetbuilt stages that are not exported; template and trash never are."""
    stages: dict[str, StageTarget] = {}
    """Jetbuilt stage -> {stage, status, probability} by ConnectWise's names; what is not named is left alone."""
    offices: dict[str, OfficeTarget] = {}
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
    """What becomes of items that the client provides."""
    foreign_lines: Literal["keep", "remove"] = "keep"
    """What becomes of lines on our opportunities that somebody else made."""
    drift: Literal["report", "repair"] = "report"
    """What becomes of our lines whose quantity, price or cost somebody changed in ConnectWise."""
    finished_status: str | None = None
    """Status given to opportunities whose project or option is gone, merged or inactive; a note is left in any case."""
    inventory_probe_interval: Duration = timedelta(minutes=5)
    """How often one parked project tries whether inventory auditing is over."""
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


class DefaultFieldsSettings(Section):
    """Values written into every new record of a kind, for fields that this tenant demands and Jetbuilt does not know.

    A text, number or boolean is written as it is; a reference is written as a table such as `{id = 5}`; `custom_fields` is a table
    of captions and values.
    """

    opportunity: dict[str, Any] = {}
    """Fields of new opportunities."""
    product: dict[str, Any] = {}
    """Fields of new product items."""
    catalog: dict[str, Any] = {}
    """Fields of new catalog items."""
    company: dict[str, Any] = {}
    """Fields of new companies."""
    contact: dict[str, Any] = {}
    """Fields of new contacts."""


class CatalogSettings(Section):
    identifier_template: str = "{model}"
    """Identifier of the catalog item of an item; places: {model}, {manufacturer}, {part_number}."""
    category: str = "Jetbuilt"
    """Category of catalog items we create."""
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
    """Unit of measure of catalog items we create."""
    item_types: dict[str, str] = {}
    """Jetbuilt item type -> sub-category of its equipment; types not named go to `subcategory_equipment`."""
    inactive_items: Literal["qualify", "reactivate", "refuse"] = "qualify"
    """What to do when the catalog item of a model is inactive: use `Manufacturer Model` instead, reactivate it, or refuse."""
    existing_items: Literal["keep", "update_prices"] = "keep"
    """Whether catalog items that stand keep their price and cost, or get those of the newest line."""
    cache_ttl: Duration = timedelta(hours=12)
    """How long a found catalog item is remembered."""

    @pydantic.field_validator("identifier_template")
    @classmethod
    def _known_places(cls, template: str) -> str:
        return fillable(template, "model", "manufacturer", "part_number")


Record = Literal["account", "contact"]


class BillingSettings(Section):
    push: tuple[Record, ...] = ("account", "contact")
    """What is created and changed in ConnectWise because of BSS."""
    pull: tuple[Record, ...] = ("account", "contact")
    """What is created and changed in BSS because of ConnectWise."""
    master: Literal["bss", "connectwise"] = "bss"
    """Whose value wins when both sides changed one field since they last agreed; the other value stands in the history."""
    company_status: str = "Active"
    """Status of companies that are created for accounts; a later change of it in ConnectWise stays."""
    mobile_type: str = "Mobile"
    """Communication type that holds the mobile phone of a contact."""
    adopt_vendor_links: bool = False
    """Whether the links of the vendor's own connector (`integrationId` of BSS records) are taken over; switch that connector off first."""
    beside_vendor_connector: bool = False
    """Whether accounts that the vendor's own connector has linked are synced all the same, each found by the usual rules."""
    account_types: dict[str, str] = {}
    """BSS account type -> ConnectWise company type."""
    currencies: dict[str, str] = {}
    """BSS currency code -> ConnectWise currency; a code without a row is looked up as it is."""
    countries: dict[str, str] = {}
    """BSS country, by name or code -> ConnectWise country; one without a row is looked up by its name, then by its code."""


class QueueSettings(Section):
    concurrency: int = Field(default=8, ge=1, le=128)
    """Jobs of one worker at once; of four or more, the backlog leaves the last two free, and edits leave one to people."""
    debounce: Duration = timedelta(seconds=1)
    """How long a changed object rests, so that a burst of saves is one run."""
    lease_duration: Duration = timedelta(seconds=15)
    """After how long without a sign of life a worker's job goes to another."""
    max_attempts: int = Field(default=8, ge=1, le=100)
    """Runs that may fail before a job is given up."""
    backoff_base: Duration = timedelta(seconds=5)
    """Longest pause after the first failed run; it doubles with each."""
    backoff_max: Duration = timedelta(minutes=15)
    """Longest pause between failed runs."""
    max_crashes: int = Field(default=3, ge=1, le=20)
    """Workers that may die over a job before it is given up."""
    dead_letter_retry_interval: Duration = Field(default=timedelta(days=1), ge=timedelta(seconds=1))
    """How often given up jobs are tried again by themselves; those with a mistake of ours are not."""
    shutdown_timeout: Duration = timedelta(seconds=25)
    """How long running jobs may go on after SIGTERM."""


class HttpSettings(Section):
    listen: Listen = "127.0.0.1:8480"
    """HOST:PORT of metrics and health; port 0 takes any free one."""
    timeout: Duration = timedelta(seconds=60)
    """How long a call may take."""
    max_response_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    """Largest answer that is read."""


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""
    format: Literal["auto", "console", "json"] = "auto"
    """Columns on a terminal and JSON lines otherwise, or always one of them."""
