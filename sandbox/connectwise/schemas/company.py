"""Facts of the company module: companies, sites and their set-up tables."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

COMPANY: Schema = schema(
    "Company",
    """
    identifier text:156 required
    name text:156 required
    status ref:company/companies/statuses
    addressLine1 text:50
    addressLine2 text:50
    city text:50
    state text:50
    zip text:12
    country ref:company/countries
    phoneNumber text:30
    faxNumber text:30
    website text:255
    territory ref:system/locations
    market ref
    accountNumber text
    defaultContact ref:company/contacts
    dateAcquired date
    sicCode ref
    parentCompany ref:company/companies
    annualRevenue number
    creditLimit number
    additionalDebt number
    numberOfEmployees int
    yearEstablished int
    revenueYear int
    ownershipType ref
    timeZoneSetup ref
    leadSource text:50
    leadFlag flag
    unsubscribeFlag flag
    calendar ref
    userDefinedField1 text:50
    userDefinedField2 text:50
    userDefinedField3 text:50
    userDefinedField4 text:50
    userDefinedField5 text:50
    userDefinedField6 text:50
    userDefinedField7 text:50
    userDefinedField8 text:50
    userDefinedField9 text:50
    userDefinedField10 text:50
    vendorIdentifier text
    taxIdentifier text
    taxCode ref:finance/taxCodes
    billingTerms ref:finance/billingTerms
    invoiceTemplate ref
    pricingSchedule ref
    companyEntityType ref
    billToCompany ref:company/companies
    billingSite ref:company/companies/sites
    billingContact ref:company/contacts
    invoiceDeliveryMethod ref
    emailTemplate ref
    invoiceToEmailAddress text
    invoiceCCEmailAddress text
    deletedFlag flag computed
    dateDeleted date computed
    deletedBy text computed
    mobileGuid guid
    facebookUrl text
    twitterUrl text
    linkedInUrl text
    currency ref:finance/currencies
    territoryManager ref:system/members
    resellerIdentifier text
    isVendorFlag flag
    types list:company/companies/types create
    site ref:company/companies/sites
    integratorTags texts
    customFields custom
    """,
)

COMPANY_INFO: Schema = schema(
    "CompanyInfo",
    """
    identifier text
    name text
    territory ref:system/locations
    defaultContact ref:company/contacts
    phoneNumber text
    city text
    site ref:company/companies/sites
    isVendorFlag flag
    currency ref:finance/currencies
    billToCompany ref:company/companies
    billingSite ref:company/companies/sites
    billingContact ref:company/contacts
    billingTerms ref:finance/billingTerms
    taxCode ref:finance/taxCodes
    deletedFlag flag
    types list:company/companies/types
    status ref:company/companies/statuses
    noServiceFlag flag
    addressLine1 text
    addressLine2 text
    state text
    country ref:company/countries
    zip text
    leadFlag flag
    faxNumber text
    vendorIdentifier text
    taxIdentifier text
    facebookUrl text
    twitterUrl text
    linkedInUrl text
    """,
)

COMPANY_SITE: Schema = schema(
    "CompanySite",
    """
    name text:156 required
    addressLine1 text:50
    addressLine2 text:50
    city text:50
    stateReference ref:company/states
    zip text:12
    country ref:company/countries
    addressFormat text
    phoneNumber text:30
    phoneNumberExt text:30
    faxNumber text:30
    taxCode ref:finance/taxCodes
    entityType ref
    expenseReimbursement number
    primaryAddressFlag flag
    defaultShippingFlag flag
    defaultBillingFlag flag
    defaultMailingFlag flag
    inactiveFlag flag
    billSeparateFlag flag
    mobileGuid guid
    calendar ref
    timeZone ref
    company ref:company/companies
    territory ref:system/locations
    invoiceTemplate ref
    customFields custom
    """,
)

COMPANY_TYPE: Schema = schema(
    "CompanyType",
    """
    name text:50 required
    defaultFlag flag
    vendorFlag flag
    serviceAlertFlag flag
    serviceAlertMessage text:150
    connectWiseId text
    """,
)

COMPANY_TYPE_INFO: Schema = schema(
    "CompanyTypeInfo",
    """
    name text
    isVendor flag
    """,
)

COMPANY_STATUS: Schema = schema(
    "CompanyStatus",
    """
    name text:50 required
    defaultFlag flag
    inactiveFlag flag
    notifyFlag flag
    disallowSavingFlag flag
    notificationMessage text:500
    customNoteFlag flag
    cancelOpenTracksFlag flag
    track ref
    connectWiseId text
    """,
)

COMPANY_TYPE_ASSOCIATION: Schema = schema(
    "Company.CompanyTypeAssociation",
    """
    type ref:company/companies/types required
    company ref:company/companies required
    """,
)

COUNTRY: Schema = schema(
    "Country",
    """
    name text:50 required
    defaultFlag flag
    currency ref:finance/currencies required
    cityCaption text:25
    stateCaption text:25
    zipCaption text:25
    zipMinimumLength int
    dialingPrefix text:5
    addressFormat ref
    countryCode text:2
    coreEntityCountryCode text
    localizationCaptionOne text:25
    localizationValueOne text:50
    """,
)

COUNTRY_INFO: Schema = schema(
    "CountryInfo",
    """
    name text
    defaultFlag flag
    cityCaption text
    stateCaption text
    zipCaption text
    dialingPrefix text
    localizationCaptionOne text
    currency ref:finance/currencies
    """,
)

STATE: Schema = schema(
    "State",
    """
    identifier text:50 required
    name text:50 required
    country ref:company/countries required
    connectWiseId text
    disabled flag
    """,
)

STATE_INFO: Schema = schema(
    "StateInfo",
    """
    name text
    identifier text
    country ref:company/countries
    """,
)
