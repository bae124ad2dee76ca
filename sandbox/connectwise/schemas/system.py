"""Facts of the system module: members, locations, departments and custom field definitions."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

MEMBER: Schema = schema(
    "Member",
    """
    identifier text:15 required
    licenseClass enum:A|C|F|X required
    notes text
    inactiveDate date
    inactiveFlag flag
    firstName text:30 required
    middleInitial text:1
    lastName text:30 required
    hireDate date required
    country ref:company/countries
    officeEmail text:250
    mobileEmail text:250
    homeEmail text:250
    defaultEmail enum:Office|Mobile|Home required
    primaryEmail text:250
    officePhone text:15
    mobilePhone text:15
    homePhone text:15
    defaultPhone enum:Office|Mobile|Home required
    title text
    adminFlag flag
    defaultLocation ref:system/locations
    defaultDepartment ref:system/departments
    reportsTo ref:system/members
    dailyCapacity number
    salesDefaultLocation ref:system/locations
    customFields custom
    """,
)

MEMBER_INFO: Schema = schema(
    "MemberInfo",
    """
    identifier text
    firstName text
    middleInitial text
    lastName text
    fullName text
    defaultEmail text
    photo ref
    licenseClass enum:A|C|F|X
    inactiveFlag flag
    """,
)

LOCATION: Schema = schema(
    "Location",
    """
    ownerLevelId int
    structureLevel ref required
    name text:50 required
    manager ref:system/members
    reportsTo ref:system/locations
    salesRep text:50
    timeZoneSetup ref
    calendar ref
    overrideAddressLine1 text:50
    overrideAddressLine2 text:50
    overrideCity text:50
    overrideState text:50
    overrideZip text:12
    overrideCountry ref:company/countries
    overridePhoneNumber text:15
    overrideFaxNumber text:15
    owaUrl text:100
    payrollXref text:10
    locationFlag flag
    clientFlag flag
    workRoleIds ints
    departmentIds ints
    """,
)

LOCATION_INFO: Schema = schema(
    "LocationInfo",
    """
    name text
    location_flag flag
    structureLevel ref
    """,
)

DEPARTMENT: Schema = schema(
    "Department",
    """
    identifier text:15 required
    name text:50 required
    """,
)

DEPARTMENT_INFO: Schema = schema(
    "DepartmentInfo",
    """
    name text
    """,
)

USER_DEFINED_FIELD: Schema = schema(
    "UserDefinedField",
    """
    podId int required
    caption text:25 required
    sequenceNumber int required
    screenId text:25
    helpText text:1000
    fieldTypeIdentifier enum:TextArea|Button|Currency|Date|Hyperlink|IPAddress|Checkbox|Number|Percent|PhoneNumber|Text|Password required
    numberDecimals int
    entryTypeIdentifier enum:Date|EntryField|List|Option
    requiredFlag flag
    displayOnScreenFlag flag
    readOnlyFlag flag
    listViewFlag flag
    buttonUrl text:1000
    options objects
    businessUnitIds ints
    locationIds ints
    addAllBusinessUnits flag
    removeAllBusinessUnits flag
    addAllLocations flag
    removeAllLocations flag
    connectWiseID text
    dateCreated date computed
    """,
)

USER_DEFINED_FIELD_INFO: Schema = schema(
    "UserDefinedFieldInfo",
    """
    podId int
    caption text
    sequenceNumber int
    helpText text
    fieldTypeIdentifier enum:TextArea|Button|Currency|Date|Hyperlink|IPAddress|Checkbox|Number|Percent|PhoneNumber|Text|Password
    numberDecimals int
    entryTypeIdentifier enum:Date|EntryField|List|Option
    requiredFlag flag
    displayOnScreenFlag flag
    readOnlyFlag flag
    listViewFlag flag
    buttonUrl text
    options objects
    businessUnitIds ints
    locationIds ints
    dateCreated text
    """,
)
