"""Records of ConnectWise PSA, the fields we read, spelled as the specification spells them.

Older servers write null, newer ones leave the field out or write `{}` for an empty reference: all three are None here.
Only fields that the specification requires are never None; they are "" when a `fields` list left them out.
Numbers are exact decimals, times aware UTC. Source: ConnectWise specification 2026.4.
"""
# ruff: noqa: N815 - the API's own spelling, the same as in drafts, conditions and changes

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from cwbridge.connectors.records import Link, Record

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Reference(Link, frozen=True):
    """Another record; which of `name` and `identifier` it has depends on its kind."""

    name: str | None = None
    identifier: str | None = None


class WarehouseReference(Link, frozen=True):
    name: str | None = None
    lockedFlag: bool | None = None


class CurrencyReference(Link, frozen=True):
    name: str | None = None
    currencyCode: str | None = None


class Info(msgspec.Struct, frozen=True):
    """The only change markers there are; left out when a `fields` list does not name `_info`."""

    lastUpdated: Moment | None = None
    updatedBy: str | None = None


class Tracked(Record, frozen=True, kw_only=True):
    """A record with an id and its change markers."""

    id: int
    info: Info | None = msgspec.field(name="_info", default=None)


class CustomField(msgspec.Struct, frozen=True):
    """A value of a field the tenant defined; its definition decides the type of `value`."""

    id: int | None = None
    caption: str | None = None
    type: str | None = None
    value: Any = None


class Opportunity(Tracked, frozen=True, kw_only=True):
    name: str = ""
    source: str | None = None
    notes: str | None = None
    customerPO: str | None = None
    expectedCloseDate: Moment | None = None
    closedDate: Moment | None = None
    type: Reference | None = None
    stage: Reference | None = None
    status: Reference | None = None
    probability: Reference | None = None
    primarySalesRep: Reference | None = None
    company: Reference | None = None
    contact: Reference | None = None
    site: Reference | None = None
    taxCode: Reference | None = None
    currency: CurrencyReference | None = None
    locationId: int | None = None
    businessUnitId: int | None = None
    companyLocationId: int | None = None
    totalSalesTax: Decimal | None = None
    customFields: list[CustomField] | None = None


class ProductItem(Tracked, frozen=True, kw_only=True):
    """A product line of an opportunity; what says that it is no longer free to delete is here too."""

    catalogItem: Reference | None = None
    opportunity: Reference | None = None
    integrationXRef: str | None = None
    description: str | None = None
    customerDescription: str | None = None
    internalNotes: str | None = None
    sequenceNumber: Decimal | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    extPrice: Decimal | None = None
    extCost: Decimal | None = None
    discount: Decimal | None = None
    listPrice: Decimal | None = None
    unitOfMeasure: Reference | None = None
    billableOption: str | None = None
    productClass: str | None = None
    taxableFlag: bool | None = None
    taxCode: Reference | None = None
    locationId: int | None = None
    businessUnitId: int | None = None
    vendorSku: str | None = None
    forecastDetailId: int | None = None
    cancelledFlag: bool | None = None
    quantityCancelled: Decimal | None = None
    purchaseDate: Moment | None = None
    poApprovedFlag: bool | None = None
    invoice: Reference | None = None
    salesOrder: Reference | None = None
    project: Reference | None = None
    ticket: Reference | None = None
    agreement: Reference | None = None
    serialNumbers: list[str] | None = None
    warehouse: str | None = None
    warehouseIdObject: WarehouseReference | None = None


class CatalogItem(Tracked, frozen=True, kw_only=True):
    identifier: str = ""
    description: str = ""
    customerDescription: str | None = None
    inactiveFlag: bool | None = None
    category: Reference | None = None
    subcategory: Reference | None = None
    type: Reference | None = None
    productClass: str | None = None
    unitOfMeasure: Reference | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    taxableFlag: bool | None = None
    manufacturer: Reference | None = None
    manufacturerPartNumber: str | None = None
    vendor: Reference | None = None
    vendorSku: str | None = None
    integrationXRef: str | None = None


class Category(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None
    integrationXref: str | None = None
    defaultFlag: bool | None = None


class SubCategory(Tracked, frozen=True, kw_only=True):
    """Names are unique within a category only."""

    name: str = ""
    inactiveFlag: bool | None = None
    integrationXref: str | None = None
    defaultFlag: bool | None = None
    category: Reference | None = None


class ProductType(Tracked, frozen=True, kw_only=True):
    """The accounting classification of a catalog item."""

    name: str = ""
    inactiveFlag: bool | None = None
    typeXref: str | None = None
    defaultFlag: bool | None = None


class UnitOfMeasure(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None
    defaultFlag: bool | None = None


class Manufacturer(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None


class Company(Tracked, frozen=True, kw_only=True):
    """A company; `deletedFlag` says that it lies in the recycle bin."""

    identifier: str = ""
    name: str = ""
    status: Reference | None = None
    types: list[Reference] | None = None
    addressLine1: str | None = None
    addressLine2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: Reference | None = None
    phoneNumber: str | None = None
    website: str | None = None
    territory: Reference | None = None
    accountNumber: str | None = None
    defaultContact: Reference | None = None
    site: Reference | None = None
    currency: CurrencyReference | None = None
    deletedFlag: bool | None = None
    customFields: list[CustomField] | None = None


class Site(Tracked, frozen=True, kw_only=True):
    """A site of a company; its state is a reference, unlike the company's."""

    name: str = ""
    company: Reference | None = None
    addressLine1: str | None = None
    addressLine2: str | None = None
    city: str | None = None
    stateReference: Reference | None = None
    zip: str | None = None
    country: Reference | None = None
    phoneNumber: str | None = None
    primaryAddressFlag: bool | None = None
    defaultShippingFlag: bool | None = None
    defaultBillingFlag: bool | None = None
    defaultMailingFlag: bool | None = None
    inactiveFlag: bool | None = None


class CommunicationItem(Record, frozen=True, kw_only=True):
    """An e-mail address or a phone number of a contact."""

    id: int | None = None
    type: Reference | None = None
    value: str | None = None
    extension: str | None = None
    defaultFlag: bool | None = None
    communicationType: str | None = None


class Contact(Tracked, frozen=True, kw_only=True):
    """A contact; `defaultFlag` says that it is the default contact of its company."""

    firstName: str | None = None
    lastName: str | None = None
    title: str | None = None
    company: Reference | None = None
    site: Reference | None = None
    inactiveFlag: bool | None = None
    defaultFlag: bool | None = None
    types: list[Reference] | None = None
    communicationItems: list[CommunicationItem] | None = None
    customFields: list[CustomField] | None = None


class CommunicationType(Tracked, frozen=True, kw_only=True):
    """A kind of communication item; its label is `description`, references to it call it `name`."""

    description: str = ""
    phoneFlag: bool | None = None
    faxFlag: bool | None = None
    emailFlag: bool | None = None
    defaultFlag: bool | None = None


class Member(Tracked, frozen=True, kw_only=True):
    """A person who works at the integrator; we only read it."""

    identifier: str = ""
    firstName: str | None = None
    lastName: str | None = None
    primaryEmail: str | None = None
    officeEmail: str | None = None
    mobileEmail: str | None = None
    homeEmail: str | None = None
    inactiveFlag: bool | None = None


class OpportunityType(Tracked, frozen=True, kw_only=True):
    """A kind of opportunity; its label is `description`, references to it call it `name`."""

    description: str = ""
    inactiveFlag: bool | None = None


class OpportunityStatus(Tracked, frozen=True, kw_only=True):
    name: str = ""
    wonFlag: bool | None = None
    lostFlag: bool | None = None
    closedFlag: bool | None = None
    inactiveFlag: bool | None = None
    defaultFlag: bool | None = None


class Stage(Tracked, frozen=True, kw_only=True):
    """A sales stage; unlike a status it carries a probability."""

    name: str = ""
    probability: Reference | None = None
    sequenceNumber: int | None = None


class Probability(Tracked, frozen=True, kw_only=True):
    probability: int = 0


class Note(Tracked, frozen=True, kw_only=True):
    text: str = ""
    opportunityId: int | None = None
    type: Reference | None = None
    flagged: bool | None = None


class Location(Tracked, frozen=True, kw_only=True):
    """An office of the tenant, called territory in the user interface."""

    name: str = ""
    ownerLevelId: int | None = None


class Department(Tracked, frozen=True, kw_only=True):
    """A business unit of the tenant."""

    identifier: str = ""
    name: str = ""


class Country(Tracked, frozen=True, kw_only=True):
    name: str = ""
    countryCode: str | None = None
    currency: CurrencyReference | None = None
    defaultFlag: bool | None = None


class UserDefinedField(Tracked, frozen=True, kw_only=True):
    """The definition of a custom field; captions may repeat between kinds of records."""

    caption: str = ""
    podId: int | None = None
    fieldTypeIdentifier: str | None = None
    requiredFlag: bool | None = None


class State(Tracked, frozen=True, kw_only=True):
    """A state or province; its `identifier` is the postal code of it, unique within a country only."""

    identifier: str = ""
    name: str = ""
    country: Reference | None = None


class Currency(Tracked, frozen=True, kw_only=True):
    currencyIdentifier: str = ""
    name: str = ""
    symbol: str | None = None
    currencyCode: Reference | None = None
    numberOfDecimals: int | None = None


class TaxCode(Tracked, frozen=True, kw_only=True):
    identifier: str = ""
    description: str = ""
    defaultFlag: bool | None = None


class Warehouse(Tracked, frozen=True, kw_only=True):
    """A warehouse; `lockedFlag` may be the only trace of a running stock count."""

    name: str = ""
    inactiveFlag: bool | None = None
    lockedFlag: bool | None = None


class ProcurementSetting(Tracked, frozen=True, kw_only=True):
    numDecimalPlaces: int | None = None
    costingMethod: str | None = None
    disableCostUpdatesFlag: bool | None = None
    disableNegativeInventoryFlag: bool | None = None
    defaultProductTaxableFlag: bool | None = None


class Conversion(Record, frozen=True, kw_only=True):
    """What an opportunity was converted to: an order, a project, an agreement or a ticket."""

    parentType: str | None = None
    convertedTo: Reference | None = None


class SystemInfo(msgspec.Struct, frozen=True):
    version: str | None = None
    isCloud: bool | None = None
    serverTimeZone: str | None = None
    cloudRegion: str | None = None
