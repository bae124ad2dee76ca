"""Which of the documented quirks the stand-in shows; changed in process or by PATCH /__sandbox__/modes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox import credentials


@dataclass(kw_only=True)
class Modes:
    """The switches of the stand-in; the defaults are a well-behaved cloud tenant."""

    cloud: bool = True
    """On: only the current code base is served. Off: `v4_6_release/` is served as well, as on premises."""
    codebase: str = "v2025_1/"
    company_id: str = credentials.CONNECTWISE_COMPANY_ID

    wrong_keys: Literal["401", "404"] = "401"
    """What wrong keys are answered with; on cloud it may be the 404 of a missing endpoint."""

    rate_limit: int = 1000
    """Calls admitted in any `rate_seconds`; 0 switches the limit off."""
    rate_seconds: float = 60.0
    count_refused: bool = False
    latency_ms: int = 0

    url_limit: int = 2000
    long_url: Literal["414", "html404"] = "414"
    nulls: Literal["omit", "explicit", "empty"] = "omit"
    date_literals: Literal["both", "time", "day"] = "both"
    """Which bracketed dates find anything in conditions; servers differ."""

    catalog_duplicates: Literal["copy", "error"] = "copy"
    address_required: bool = False
    """On: a new company needs at least one field of an address."""
    older_lengths: bool = False
    """On: names of companies and sites are as short as the servers before 2026 had them."""
    inactive_catalog: Literal["accept", "refuse"] = "accept"
    """What happens to a product item of an inactive catalog item."""
    inventory_auditing: Literal["off", "inventory", "all"] = "off"
    """Whether product items can be created and deleted: `inventory` refuses those of class Inventory only."""
    inventory_text: str = "The record cannot be changed while inventory auditing is in progress."
    missing_reference: Literal["InvalidField", "NotFound"] = "InvalidField"
    """The code with which a reference to a record that does not exist is refused; servers differ."""
    stored_decimals: int | None = None
    """How many decimals of quantity, price and cost a product item keeps; all when it is not set."""
    touch_owner: bool = True
    """Whether a written type association or communication moves `lastUpdated` of its company or contact, and a written
    line or payment that of its order or invoice."""
    trim_text: bool = False
    """On: stored text loses outer blanks and has single ones inside."""
    format_phones: bool = False
    """On: stored phone and fax numbers are reduced to their digits."""
    readonly_setup: bool = False
    """On: the set-up tables (types, categories, manufacturers, ...) refuse writes with 403."""
    invoice_number_start: int = 50001
    """The least number of the server's own sequence of invoices; numbers that are taken are passed over."""
    invoice_number_digits: int = 1
    """How many digits the server's own invoice numbers have at least: 6 makes `000433` of 433."""
    taken_invoice_number: Literal["refuse", "number"] = "refuse"
    """What happens to a new invoice with a taken number: 400, or a number of the server's own sequence."""
    invoice_lines: Literal["accept", "refuse", "ignore"] = "accept"
    """Whether `invoice` can be set on a product item: `ignore` stores the product item without it."""
    closed_payments: Literal["accept", "refuse"] = "accept"
    """Whether the payments of closed and batched invoices can be written."""
    overpayments: Literal["accept", "refuse"] = "accept"
    """Whether a payment may be greater than the balance of its invoice."""
    applied_by: Literal["keep", "member", "drop"] = "keep"
    """What becomes of the `appliedBy` of a payment: kept, the member who made it, or nothing."""
    payment_type_change: Literal["accept", "refuse"] = "accept"
    """Whether the `type` of a payment can be changed."""
    lacking_fields: list[str] = field(default_factory=list)
    """Captions of the custom fields that this tenant does not have, although they are seeded."""
    tenant_required: list[tuple[str, str]] = field(default_factory=list)
    """Further fields this tenant demands, as (table, field): ("sales/opportunities", "customerPO")."""
