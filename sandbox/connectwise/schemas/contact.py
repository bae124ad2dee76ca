"""Facts of the company module: contacts, how to reach them, and their set-up tables."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

CONTACT: Schema = schema(
    "Contact",
    """
    firstName text
    lastName text
    company ref:company/companies
    site ref:company/companies/sites
    addressLine1 text
    addressLine2 text
    city text
    state text
    zip text
    country ref:company/countries
    relationship ref:company/contacts/relationships
    relationshipOverride text
    department ref:company/contacts/departments
    inactiveFlag flag
    defaultMergeContactId int
    securityIdentifier text
    managerContact ref:company/contacts
    assistantContact ref:company/contacts
    title text
    school text
    nickName text
    marriedFlag flag
    childrenFlag flag
    children text
    significantOther text
    portalPassword text
    portalSecurityLevel int
    disablePortalLoginFlag flag
    unsubscribeFlag flag
    gender enum:Female|Male
    birthDay text
    anniversary text
    presence enum:NoAgent|Online|DoNotDisturb|Away|Offline
    mobileGuid guid
    facebookUrl text
    twitterUrl text
    linkedInUrl text
    defaultPhoneType text
    defaultPhoneNbr text
    defaultPhoneExtension text
    defaultBillingFlag flag
    defaultFlag flag
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
    companyLocation ref:system/locations
    communicationItems objects:company/contacts/communications
    types list:company/contacts/types create
    integratorTags texts
    customFields custom
    photo ref computed
    ignoreDuplicates flag unseen
    typeIds ints create unseen
    """,
)

CONTACT_INFO: Schema = schema(
    "ContactInfo",
    """
    firstName text
    lastName text
    communicationItems objects:company/contacts/communications
    defaultPhoneNbr text
    defaultPhoneType text
    defaultFlag flag
    company ref:company/companies
    companyLocation ref:system/locations
    site ref:company/companies/sites
    inactiveFlag flag
    title text
    types list:company/contacts/types
    addressLine1 text
    addressLine2 text
    city text
    state text
    country ref:company/countries
    zip text
    department ref:company/contacts/departments
    defaultBillingFlag flag
    facebookUrl text
    twitterUrl text
    linkedInUrl text
    """,
)

CONTACT_COMMUNICATION: Schema = schema(
    "ContactCommunication",
    """
    contactId int computed
    type ref:company/communicationTypes required
    value text:250 required
    extension text:15
    defaultFlag flag
    mobileGuid guid
    communicationType enum:Email|Fax|Phone computed
    domain text computed
    """,
)

CONTACT_TYPE: Schema = schema(
    "ContactType",
    """
    description text:50 required
    defaultFlag flag
    serviceAlertFlag flag
    serviceAlertMessage text:150
    connectWiseId text
    """,
)

CONTACT_DEPARTMENT: Schema = schema(
    "ContactDepartment",
    """
    name text:30 required
    connectWiseId text
    """,
)

CONTACT_RELATIONSHIP: Schema = schema(
    "ContactRelationship",
    """
    name text:50 required
    """,
)

COMMUNICATION_TYPE: Schema = schema(
    "CommunicationType",
    """
    description text required
    phoneFlag flag
    faxFlag flag
    emailFlag flag
    defaultFlag flag
    exchangeXref text:50
    iphoneXref text:50
    androidXref text:50
    googleXref text:50
    """,
)

COMMUNICATION_TYPE_INFO: Schema = schema(
    "CommunicationTypeInfo",
    """
    description text
    phoneFlag flag
    faxFlag flag
    emailFlag flag
    defaultFlag flag
    """,
)
