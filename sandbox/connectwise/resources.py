"""Every resource of the stand-in: where it is, what it holds, and what a reference to it shows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from sandbox.connectwise.schema import Schema
from sandbox.connectwise.schemas import (
    agreement,
    company,
    contact,
    finance,
    invoice,
    order,
    procurement,
    sales,
    system,
)

READ: Final = frozenset({"GET"})
FULL: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One collection of the API.

    `path` has `{}` for the parent's id, `parent` is the field that holds it. Several resources may show one table;
    the one whose `table` is its own path (without the parent's id) decides about labels, indexes and uniqueness.
    """

    path: str
    schema: Schema
    noun: str = ""
    table: str = ""
    parent: str = ""
    single: str = ""
    """The template of one record; empty when records cannot be had one by one."""
    counted: bool = True
    verbs: frozenset[str] = FULL
    created: int = 201
    """The status that answers a create."""
    label: tuple[str, ...] = ("name",)
    called: str = "name"
    """What a reference calls the label."""
    shown: tuple[str, ...] = ()
    """Further fields that a reference shows beside id and name."""
    renamed: Mapping[str, str] = MappingProxyType({})
    """Further fields that a reference shows under another name, by that name."""
    indexes: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    """Field paths that together may occur once."""
    taken: str = ""
    """What the server says when they occur twice."""
    setup: bool = False
    unfilterable: frozenset[str] = frozenset()

    @property
    def subject(self) -> str:
        """The name of the record in an inner error."""
        return self.noun[:1].lower() + self.noun[1:]

    @property
    def recognized(self) -> tuple[str, ...]:
        """What a condition may name below a reference to this resource."""
        return ("id", self.called, *self.shown, *self.renamed)


def _keep(path: str, schema: Schema, **more: object) -> Resource:
    own = {"noun": schema.name.rpartition(".")[2], "table": path.replace("/{}", ""), "single": f"{path}/{{}}"}
    return Resource(path=path, schema=schema, **{**own, **more})  # type: ignore[arg-type]


def _setup(path: str, schema: Schema, *, label: str = "name", within: str = "", **more: object) -> Resource:
    unique = (within, label) if within else (label,)
    return _keep(path, schema, label=(label,), indexes=unique, unique=unique, setup=True, **more)


def _info(of: str, schema: Schema, *, single: bool = False, counted: bool = True) -> Resource:
    """The short form of a table beside it, which asks for lower rights."""
    path, one = f"{of}/info", f"{of}/{{}}/info" if single else ""
    return _keep(path, schema, table=of.replace("/{}", ""), verbs=READ, single=one, counted=counted)


def _system_info(noun: str, schema: Schema) -> Resource:
    return _keep(f"system/info/{noun}", schema, table=f"system/{noun}", verbs=READ)


RESOURCES: Final[tuple[Resource, ...]] = (
    # sales
    _keep("sales/opportunities", sales.OPPORTUNITY, indexes=("source", "company/id", "contact/id")),
    _setup("sales/opportunities/types", sales.OPPORTUNITY_TYPE, label="description"),
    _setup("sales/opportunities/statuses", sales.OPPORTUNITY_STATUS),
    _setup("sales/opportunities/ratings", sales.OPPORTUNITY_RATING),
    _keep(
        "sales/opportunities/{}/notes",
        sales.OPPORTUNITY_NOTE,
        parent="opportunityId",
        label=("text",),
        indexes=("opportunityId",),
    ),
    _keep(
        "sales/opportunities/{}/contacts",
        sales.OPPORTUNITY_CONTACT,
        parent="opportunityId",
        indexes=("opportunityId",),
    ),
    _setup("sales/stages", sales.OPPORTUNITY_STAGE),
    _setup("sales/probabilities", sales.SALES_PROBABILITY, label="probability"),
    _keep(
        "sales/orders",
        order.ORDER,
        label=("id",),
        called="identifier",
        indexes=("poNumber", "company/id"),
        created=200,
    ),
    _setup("sales/orders/statuses", order.ORDER_STATUS, created=200),
    # procurement
    _keep(
        "procurement/products",
        procurement.PRODUCT_ITEM,
        label=("description",),
        indexes=("opportunity/id", "salesOrder/id", "invoice/id", "integrationXRef", "catalogItem/id"),
    ),
    _keep(
        "procurement/catalog",
        procurement.CATALOG_ITEM,
        label=("description",),
        shown=("identifier",),
        indexes=("identifier", "integrationXRef", "manufacturerPartNumber"),
    ),
    _info("procurement/catalog", procurement.CATALOG_ITEM_INFO, single=True),
    _setup("procurement/categories", procurement.CATEGORY),
    _info("procurement/categories", procurement.CATEGORY_INFO, single=True),
    _setup("procurement/subcategories", procurement.SUB_CATEGORY, within="category/id"),
    _info("procurement/subcategories", procurement.SUB_CATEGORY_INFO, single=True),
    _setup(
        "procurement/categories/{}/subcategories",
        procurement.LEGACY_SUB_CATEGORY,
        table="procurement/subcategories",
        noun="SubCategory",
        parent="category",
        within="category/id",
    ),
    _keep(
        "procurement/categories/{}/subcategories/info",
        procurement.LEGACY_SUB_CATEGORY_INFO,
        table="procurement/subcategories",
        parent="category",
        verbs=READ,
        single="procurement/categories/{}/subcategories/{}/info",
    ),
    _setup("procurement/types", procurement.PRODUCT_TYPE),
    _info("procurement/types", procurement.PRODUCT_TYPE_INFO, single=True),
    _setup("procurement/manufacturers", procurement.MANUFACTURER),
    _info("procurement/manufacturers", procurement.MANUFACTURER_INFO, single=True, counted=False),
    _setup("procurement/unitOfMeasures", procurement.UNIT_OF_MEASURE),
    _keep("procurement/warehouses", procurement.WAREHOUSE, shown=("lockedFlag",), setup=True),
    _keep("procurement/settings", procurement.PROCUREMENT_SETTING, verbs=frozenset({"GET", "PUT", "PATCH"})),
    # company
    _keep(
        "company/companies",
        company.COMPANY,
        shown=("identifier",),
        indexes=("identifier", "name", "accountNumber"),
        unique=("identifier",),
        taken="Company ID already in use.",
    ),
    _info("company/companies", company.COMPANY_INFO),
    _keep(
        "company/companies/{}/sites",
        company.COMPANY_SITE,
        parent="company",
        indexes=("company/id", "name"),
        unfilterable=frozenset(
            {"primaryAddressFlag", "defaultShippingFlag", "defaultBillingFlag", "defaultMailingFlag"}
        ),
    ),
    _setup("company/companies/types", company.COMPANY_TYPE),
    _keep(
        "company/companies/info/types", company.COMPANY_TYPE_INFO, table="company/companies/types", verbs=READ
    ),
    _setup("company/companies/statuses", company.COMPANY_STATUS),
    _keep(
        "company/companyTypeAssociations",
        company.COMPANY_TYPE_ASSOCIATION,
        indexes=("company/id",),
        unique=("company/id", "type/id"),
        taken="The company type already exists for this company.",
    ),
    _keep(
        "company/companies/{}/typeAssociations",
        company.COMPANY_TYPE_ASSOCIATION,
        table="company/companyTypeAssociations",
        parent="company",
        unique=("company/id", "type/id"),
        taken="The company type already exists for this company.",
    ),
    _setup("company/countries", company.COUNTRY, shown=("identifier",)),
    _info("company/countries", company.COUNTRY_INFO),
    _keep("company/states", company.STATE, shown=("identifier",), setup=True),
    _info("company/states", company.STATE_INFO),
    _keep(
        "company/contacts",
        contact.CONTACT,
        label=("firstName", "lastName"),
        indexes=("company/id", "communicationItems/value"),
    ),
    _info("company/contacts", contact.CONTACT_INFO),
    _setup("company/contacts/types", contact.CONTACT_TYPE, label="description"),
    _setup("company/contacts/departments", contact.CONTACT_DEPARTMENT),
    _setup("company/contacts/relationships", contact.CONTACT_RELATIONSHIP),
    _keep(
        "company/contacts/{}/communications",
        contact.CONTACT_COMMUNICATION,
        parent="contactId",
        indexes=("contactId",),
    ),
    _setup("company/communicationTypes", contact.COMMUNICATION_TYPE, label="description"),
    _info("company/communicationTypes", contact.COMMUNICATION_TYPE_INFO),
    # system
    _keep(
        "system/members",
        system.MEMBER,
        label=("firstName", "lastName"),
        shown=("identifier",),
        indexes=("identifier",),
        unique=("identifier",),
        verbs=frozenset({"GET", "PUT", "PATCH"}),
    ),
    _system_info("members", system.MEMBER_INFO),
    _setup("system/locations", system.LOCATION),
    _system_info("locations", system.LOCATION_INFO),
    _setup("system/departments", system.DEPARTMENT, shown=("identifier",)),
    _system_info("departments", system.DEPARTMENT_INFO),
    _keep("system/userDefinedFields", system.USER_DEFINED_FIELD, label=("caption",), setup=True),
    _info("system/userDefinedFields", system.USER_DEFINED_FIELD_INFO, single=True),
    # finance
    _setup(
        "finance/currencies",
        finance.CURRENCY,
        shown=("symbol", "currencyIdentifier", "numberOfDecimals", "decimalSeparator", "thousandsSeparator"),
    ),
    _info("finance/currencies", finance.CURRENCY_INFO, counted=False),
    _keep("finance/taxCodes", finance.TAX_CODE, label=("description",), setup=True),
    _info("finance/taxCodes", finance.TAX_CODE_INFO, counted=False),
    _setup("finance/billingTerms", finance.BILLING_TERM),
    _info("finance/billingTerms", finance.BILLING_TERM_INFO, counted=False),
    _keep(
        "finance/invoices",
        invoice.INVOICE,
        label=("invoiceNumber",),
        called="identifier",
        indexes=("reference", "company/id", "invoiceNumber", "salesOrder/id"),
        unique=("invoiceNumber",),
        taken="Invoice Number already in use.",
    ),
    _keep(
        "finance/closedInvoices",
        invoice.CLOSED_INVOICE,
        table="finance/invoices",
        verbs=frozenset({"PUT", "PATCH"}),
    ),
    _keep(
        "finance/invoices/{}/payments",
        invoice.INVOICE_PAYMENT,
        noun="Payment",
        parent="invoice",
        label=("type",),
        indexes=("invoice/id", "credit/id"),
        counted=False,
    ),
    _setup(
        "finance/billingStatuses",
        invoice.BILLING_STATUS,
        renamed=MappingProxyType({"isClosed": "closedFlag"}),
    ),
    _info("finance/billingStatuses", invoice.BILLING_STATUS_INFO, counted=False),
    _keep("finance/agreements", agreement.AGREEMENT, indexes=("company/id", "type/id")),
    _setup("finance/agreements/types", agreement.AGREEMENT_TYPE),
    _keep(
        "finance/agreements/{}/additions",
        agreement.ADDITION,
        parent="agreementId",
        label=("description",),
        indexes=("agreementId", "product/id"),
    ),
)

OWNERS: Final = {
    resource.table: resource
    for resource in reversed(RESOURCES)
    if resource.path.replace("/{}", "") == resource.table
}
"""The resource that decides about a table, by table."""
