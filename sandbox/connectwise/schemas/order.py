"""Facts of sales orders and their statuses."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

ORDER: Schema = schema(
    "Order",
    """
    company ref:company/companies required
    contact ref:company/contacts
    phone text computed
    phoneExt text computed
    email text computed
    site ref:company/companies/sites
    status ref:sales/orders/statuses required
    opportunity ref:sales/opportunities
    orderDate date
    dueDate date
    billingTerms ref:finance/billingTerms
    taxCode ref:finance/taxCodes
    poNumber text:50
    location ref:system/locations
    department ref:system/departments
    salesRep ref:system/members required
    notes text
    billClosedFlag flag
    billShippedFlag flag
    restrictDownpaymentFlag flag
    description text
    topCommentFlag flag
    bottomCommentFlag flag
    shipToCompany ref:company/companies
    shipToContact ref:company/contacts
    shipToSite ref:company/companies/sites
    billToCompany ref:company/companies
    billToContact ref:company/contacts
    billToSite ref:company/companies/sites
    productIds ints
    documentIds ints
    invoiceIds ints computed
    configIds ints
    total number computed
    taxTotal number computed
    currency ref:finance/currencies
    companyLocation ref:system/locations
    subTotal number computed
    customFields custom
    """,
)

ORDER_STATUS: Schema = schema(
    "OrderStatus",
    """
    name text:50 required
    defaultFlag flag
    inactiveFlag flag
    sortOrder int
    closedFlag flag
    emailTemplate ref
    """,
)
