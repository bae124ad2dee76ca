"""Facts of invoices, their payments and their statuses."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

INVOICE: Schema = schema(
    "Invoice",
    """
    invoiceNumber text:15 updates
    type enum:Agreement|CreditMemo|DownPayment|Miscellaneous|Progress|Standard|Consolidated required
    status ref:finance/billingStatuses
    company ref:company/companies required
    billToCompany ref:company/companies
    shipToCompany ref:company/companies
    accountNumber text computed
    applyToType enum:All|Agreement|Project|ProjectPhase|SalesOrder|Ticket
    applyToId int
    attention text:60
    shipToAttention text:60
    billingSite ref:company/companies/sites
    billingSiteAddressLine1 text computed
    billingSiteAddressLine2 text computed
    billingSiteCity text computed
    billingSiteState text computed
    billingSiteZip text computed
    billingSiteCountry text computed
    shippingSite ref:company/companies/sites
    shippingSiteAddressLine1 text computed
    shippingSiteAddressLine2 text computed
    shippingSiteCity text computed
    shippingSiteState text computed
    shippingSiteZip text computed
    shippingSiteCountry text computed
    billingTerms ref:finance/billingTerms
    reference text:50
    customerPO text:50
    templateSetupId int
    invoiceTemplate ref
    emailTemplateId int
    addToBatchEmailList flag
    date date
    restrictDownpaymentFlag flag
    locationId key:system/locations updates
    location ref:system/locations
    departmentId key:system/departments
    department ref:system/departments bare
    territoryId key:system/locations
    territory ref:system/locations
    topComment text
    bottomComment text
    taxableFlag flag
    taxCode ref:finance/taxCodes
    internalNotes text
    downpaymentPreviouslyTaxedFlag flag
    serviceTotal number computed
    overrideDownPaymentAmountFlag flag
    currency ref:finance/currencies
    dueDate date
    expenseTotal number computed
    productTotal number computed
    previousProgressApplied number computed
    serviceAdjustmentAmount number
    agreementAmount number computed
    downpaymentApplied number computed
    subtotal number computed
    total number computed
    remainingDownpayment number computed
    salesTax number computed
    adjustmentReason text
    adjustedBy text computed
    closedBy text computed
    payments number computed
    credits number computed
    balance number computed
    specialInvoiceFlag flag computed
    billingSetupReference ref
    ticket ref computed
    project ref computed
    phase ref computed
    salesOrder ref:sales/orders
    agreement ref:finance/agreements computed
    glBatch ref computed
    unbatchedBatch ref computed
    customFields custom
    """,
)

CLOSED_INVOICE: Schema = schema(
    "ClosedInvoice",
    """
    status ref:finance/billingStatuses
    internalNotes text
    """,
)

INVOICE_PAYMENT: Schema = schema(
    "InvoicePayment",
    """
    type text
    source enum:Default|WisePay
    invoice ref:finance/invoices computed
    credit ref:finance/invoices
    amount number
    balance number computed
    invoiceBalance number computed
    invoiceTotal number computed
    paymentDate date
    appliedBy text
    wisePayPayment object computed
    paymentSyncStatus enum:Unapplied|Applied|Synced computed
    glBatchID text:50
    paymentSyncDate date
    paymentAccount text
    aRPaymentAccount text
    """,
)

BILLING_STATUS: Schema = schema(
    "BillingStatus",
    """
    name text:30 required
    sortOrder int
    defaultFlag flag
    closedFlag flag
    inactiveFlag flag
    sentFlag flag
    connectWiseId text
    """,
)

BILLING_STATUS_INFO: Schema = schema(
    "BillingStatusInfo",
    """
    name text
    sortOrder int
    inactiveFlag flag
    """,
)
