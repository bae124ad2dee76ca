"""The table `[billing]` of the settings."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import pydantic

from cwbridge.settings.sections import Section
from cwbridge.settings.values import ByName

Pushed = Literal["account", "contact", "product", "order", "invoice", "payment", "subscription"]
Pulled = Literal["account", "contact"]
Billable = Literal["Billable", "DoNotBill", "NoCharge"]


class ProductTypeRow(pydantic.BaseModel):
    """Where the products of one BSS product type belong in the catalog; what is not set is that of the table `[billing]`."""

    model_config = Section.model_config

    category: str | None = None
    subcategory: str | None = None
    type: str | None = None


class BillingSettings(Section):
    table: ClassVar[str] = "billing"

    push: tuple[Pushed, ...] = get_args(Pushed)
    """What is created and changed in ConnectWise because of BSS."""
    pull: tuple[Pulled, ...] = ("account", "contact")
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
    product_category: str = "BSS"
    """Category of catalog items of products; created when missing."""
    product_subcategory: str = "Cloud Services"
    """Sub-category of catalog items of products; created when missing."""
    product_type: str = "Cloud Services"
    """Product type of catalog items of products; created when missing."""
    unit_of_measure: str = "Each"
    """Unit of measure of catalog items of products; created when missing."""
    billable_option: Billable = "Billable"
    """How ConnectWise bills the items of orders and invoices."""
    addition_billable_option: Billable | None = None
    """How ConnectWise bills additions; unset: `DoNotBill` while invoices are pushed, so that nothing is billed twice, else `billable_option`."""
    location: str | None = None
    """Location of orders and invoices; unset: the tenant's default."""
    department: str | None = None
    """Department of orders and invoices; unset: the tenant's default."""
    sales_representative: str | None = None
    """Member who is the sales representative of orders, by identifier (Member ID) or full name; orders that no row of `users` fits are refused without it."""
    order_status: str | None = None
    """Status of orders whose BSS status has no row in `order_statuses`; unset: the tenant's default order status."""
    invoice_type: str = "Miscellaneous"
    """Type of the invoices of debit documents; credit documents become credit memos."""
    skip_invoice_stages: tuple[str, ...] = ("Draft",)
    """Stages of BSS invoices that are not pushed."""
    skip_order_statuses: tuple[str, ...] = ("Draft",)
    """Statuses of BSS orders that are not pushed."""
    credit_card_method: str | None = None
    """Id or name of the BSS payment method that means a credit card."""
    credit_card_payment_type: str = "CreditCard"
    """Type of payments by credit card."""
    payment_type: str = "Check"
    """Type of payments whose method has no row in `payment_methods`."""
    create_agreements: bool = False
    """Whether an agreement is created for a subscription whose company has none of the type that its unit asks for."""
    subscription_id_field: str = "Subscription ID"
    """Caption of the custom field of additions that holds the id of the subscription; additions are found by it."""
    subscription_name_field: str = "Subscription Name"
    """Caption of the custom field of additions that holds the name of the subscription."""
    account_types: ByName[str] = {}
    """BSS account type -> ConnectWise company type."""
    currencies: ByName[str] = {}
    """BSS currency code -> ConnectWise currency; a code without a row is looked up as it is."""
    countries: ByName[str] = {}
    """BSS country, by name or code -> ConnectWise country; one without a row is looked up by its name, then by its code."""
    product_types: ByName[ProductTypeRow] = {}
    """BSS product type -> where its products belong: a table of `category`, `subcategory` and `type`."""
    units_of_measure: ByName[str] = {}
    """BSS unit of measure -> ConnectWise unit of measure; one without a row becomes `unit_of_measure`."""
    order_statuses: ByName[str] = {}
    """BSS order status -> ConnectWise order status."""
    invoice_statuses: ByName[str] = {}
    """BSS invoice stage -> ConnectWise billing status; a stage without a row is not sent."""
    payment_methods: ByName[str] = {}
    """BSS payment method -> ConnectWise payment type."""
    billing_terms: ByName[str] = {}
    """BSS payment method of an invoice or account -> ConnectWise billing terms; one without a row is not sent."""
    tax_codes: ByName[str] = {}
    """Tax codes of orders and invoices: one row `"*"` is the default; without it none is sent."""
    users: ByName[str] = {}
    """BSS user who is responsible for an order -> ConnectWise member, by identifier or full name."""
    units: ByName[str] = {}
    """Unit of a subscription (`Month`, `Annual`) -> agreement type; a unit without a row is refused."""
