"""Facts of agreements, their types and their additions."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

AGREEMENT: Schema = schema(
    "Agreement",
    """
    name text:100 required
    type ref:finance/agreements/types required
    company ref:company/companies required
    contact ref:company/contacts required
    site ref:company/companies/sites
    subContractCompany ref:company/companies
    subContractContact ref:company/contacts
    parentAgreement ref:finance/agreements
    customerPO text:50
    location ref:system/locations
    department ref:system/departments
    restrictLocationFlag flag
    restrictDepartmentFlag flag
    startDate date
    endDate date
    noEndingDateFlag flag
    opportunity ref:sales/opportunities
    cancelledFlag flag
    dateCancelled date
    reasonCancelled text:100
    sla ref
    workOrder text:20
    internalNotes text
    applicationUnits enum:Amount|Hours|Incidents
    applicationLimit number
    applicationCycle enum:Contract2Weeks|Contract4Weeks|ContractYear|CalendarMonth|CalendarQuarter|CalendarWeek|ContractQuarter|CalendarYear
    applicationUnlimitedFlag flag
    oneTimeFlag flag
    coverAgreementTime flag
    coverAgreementProduct flag
    coverAgreementExpense flag
    coverSalesTax flag
    carryOverUnused flag
    allowOverruns flag
    expiredDays int
    limit int
    expireWhenZero flag
    chargeToFirm flag
    employeeCompRate enum:Actual|Hourly updates
    employeeCompNotExceed enum:Billing|Amount|Percent
    compHourlyRate number
    compLimitAmount number
    billingCycle ref
    billOneTimeFlag flag
    billingTerms ref:finance/billingTerms
    invoicingCycle enum:ContractYear|CalendarYear updates
    billToCompany ref:company/companies
    billToContact ref:company/contacts
    billToSite ref:company/companies/sites
    billAmount number
    taxable flag
    prorateFirstBill number
    billStartDate date
    taxCode ref:finance/taxCodes
    restrictDownPayment flag
    prorateFlag flag
    invoiceProratedAdditionsFlag flag
    invoiceDescription text
    topComment flag
    bottomComment flag
    workRole ref
    workType ref
    projectType ref
    invoiceTemplate ref
    billTime enum:Billable|DoNotBill|NoCharge|NoDefault updates
    billExpenses enum:Billable|DoNotBill|NoCharge|NoDefault updates
    billProducts enum:Billable|DoNotBill|NoCharge|NoDefault updates
    billableTimeInvoice flag
    billableExpenseInvoice flag
    billableProductInvoice flag
    currency ref:finance/currencies
    periodType enum:Current|Future|Both|Undefined
    autoInvoiceFlag flag
    billZeroAmountFlag flag
    nextInvoiceDate text computed
    companyLocation ref:system/locations
    shipToCompany ref:company/companies
    shipToContact ref:company/contacts
    shipToSite ref:company/companies/sites
    agreementStatus enum:Active|Cancelled|Expired|Inactive computed
    customFields custom
    """,
)

AGREEMENT_TYPE: Schema = schema(
    "AgreementType",
    """
    name text:50 required
    prefixSuffixOption enum:Prefix|Suffix
    defaultFlag flag
    inactiveFlag flag
    prePaymentFlag flag
    invoicePreSuffix text:5
    location ref:system/locations
    department ref:system/departments
    restrictLocationFlag flag
    restrictDepartmentFlag flag
    sla ref
    applicationUnits enum:Amount|Hours|Incidents
    applicationLimit number
    applicationCycle enum:Contract2Weeks|Contract4Weeks|ContractYear|CalendarMonth|CalendarQuarter|CalendarWeek|ContractQuarter|CalendarYear
    applicationUnlimitedFlag flag
    oneTimeFlag flag
    coverAgreementTimeFlag flag
    coverAgreementProductFlag flag
    coverAgreementExpenseFlag flag
    coverSalesTaxFlag flag
    carryOverUnusedFlag flag
    allowOverrunsFlag flag
    expiredDays int
    limit int
    expireWhenZero flag
    chargeToFirmFlag flag
    employeeCompRate enum:Actual|Hourly required
    employeeCompNotExceed enum:Billing|Amount|Percent required
    compHourlyRate number
    compLimitAmount number
    billingCycle ref
    billOneTimeFlag flag
    billingTerms ref:finance/billingTerms
    invoicingCycle enum:ContractYear|CalendarYear required
    billAmount number
    taxableFlag flag
    restrictDownPaymentFlag flag
    invoiceDescription text:4000
    topCommentFlag flag
    bottomCommentFlag flag
    workRole ref
    workType ref
    projectType ref
    invoiceTemplate ref
    billTime enum:Billable|DoNotBill|NoCharge|NoDefault required
    billExpenses enum:Billable|DoNotBill|NoCharge|NoDefault required
    billProducts enum:Billable|DoNotBill|NoCharge|NoDefault required
    billableTimeInvoiceFlag flag
    billableExpenseInvoiceFlag flag
    billableProductInvoiceFlag flag
    copyWorkRolesFlag flag
    copyWorkTypesFlag flag
    exclusionWorkRoleIds ints
    addAllWorkRoleExclusions flag
    removeAllWorkRoleExclusions flag
    exclusionWorkTypeIds ints
    addAllWorkTypeExclusions flag
    removeAllWorkTypeExclusions flag
    integrationXRef text:50
    prorateFlag flag
    emailTemplate ref
    autoInvoiceFlag flag
    billZeroAmountFlag flag
    invoiceProratedAdditionsFlag flag
    connectWiseId text
    """,
)

ADDITION: Schema = schema(
    "Addition",
    """
    product ref:procurement/catalog required unnamed
    quantity number
    lessIncluded number
    unitPrice number
    unitCost number
    billCustomer enum:Billable|DoNotBill|NoCharge required
    effectiveDate date
    cancelledDate date
    taxableFlag flag
    serialNumber text:50
    invoiceDescription text:6000
    purchaseItemFlag flag
    specialOrderFlag flag
    agreementId int computed
    description text
    billedQuantity number computed
    uom text computed
    extPrice number computed
    extCost number computed
    sequenceNumber number
    margin number computed
    prorateCost number computed
    proratePrice number computed
    extendedProrateCost number computed
    extendedProratePrice number computed
    prorateCurrentPeriodFlag flag
    opportunity ref:sales/opportunities
    agreementStatus enum:Active|Cancelled|Expired|Inactive computed
    invoiceGrouping ref
    customFields custom
    """,
)
