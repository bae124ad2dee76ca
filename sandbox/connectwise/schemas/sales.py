"""Facts of the sales module: opportunities and their set-up tables."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

OPPORTUNITY: Schema = schema(
    "Opportunity",
    """
    name text:100 required
    expectedCloseDate date updates
    type ref:sales/opportunities/types
    stage ref:sales/stages
    status ref:sales/opportunities/statuses
    priority ref
    notes text
    probability ref:sales/probabilities
    source text:50
    rating ref:sales/opportunities/ratings
    campaign ref
    primarySalesRep ref:system/members required
    secondarySalesRep ref:system/members
    locationId key:system/locations updates
    businessUnitId key:system/departments updates
    company ref:company/companies required
    contact ref:company/contacts required
    site ref:company/companies/sites
    customerPO text:25
    pipelineChangeDate date
    dateBecameLead date
    closedDate date
    closedBy ref:system/members computed
    totalSalesTax number computed
    shipToCompany ref:company/companies
    shipToContact ref:company/contacts
    shipToSite ref:company/companies/sites
    billToCompany ref:company/companies
    billToContact ref:company/contacts
    billToSite ref:company/companies/sites
    billingTerms ref:finance/billingTerms
    taxCode ref:finance/taxCodes
    currency ref:finance/currencies
    companyLocationId key:system/locations
    technicalContact ref:company/contacts
    customFields custom
    """,
)

OPPORTUNITY_TYPE: Schema = schema(
    "OpportunityType",
    """
    description text:50 required
    inactiveFlag flag
    connectWiseId text
    """,
)

OPPORTUNITY_STATUS: Schema = schema(
    "OpportunityStatus",
    """
    name text:30 required
    wonFlag flag
    lostFlag flag
    closedFlag flag
    inactiveFlag flag
    defaultFlag flag
    enteredBy text computed
    dateEntered date computed
    connectWiseId text
    """,
)

OPPORTUNITY_RATING: Schema = schema(
    "OpportunityRating",
    """
    name text:50 required
    sortOrder int
    """,
)

OPPORTUNITY_NOTE: Schema = schema(
    "OpportunityNote",
    """
    opportunityId int computed
    type ref
    text text required
    flagged flag
    enteredBy text computed
    mobileGuid guid
    """,
)

OPPORTUNITY_CONTACT: Schema = schema(
    "OpportunityContact",
    """
    contact ref:company/contacts required
    company ref:company/companies
    role ref
    notes text
    referralFlag flag
    opportunityId int computed
    phoneNumber text computed
    emailAddress text computed
    """,
)

OPPORTUNITY_STAGE: Schema = schema(
    "OpportunityStage",
    """
    name text:50 required
    probability ref:sales/probabilities
    color text:25
    sequenceNumber int
    """,
)

SALES_PROBABILITY: Schema = schema(
    "SalesProbability",
    """
    probability int required
    """,
)
