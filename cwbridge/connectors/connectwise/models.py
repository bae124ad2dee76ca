"""Records of ConnectWise PSA: the fields that are read, spelled as the specification spells them.

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
    """Another record by id and, where the kind of record has one, name."""

    name: str | None = None


class Info(msgspec.Struct, frozen=True):
    """The only change markers there are; left out when a `fields` list does not name `_info`."""

    lastUpdated: Moment | None = None
    updatedBy: str | None = None
    enteredBy: str | None = None


class Tracked(Record, frozen=True, kw_only=True):
    """A record with an id and its change markers."""

    id: int
    info: Info | None = msgspec.field(name="_info", default=None)


class Opportunity(Tracked, frozen=True, kw_only=True):
    name: str = ""
    source: str | None = None
    notes: str | None = None
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
    currency: Reference | None = None
    locationId: int | None = None
    businessUnitId: int | None = None


class ProductItem(Tracked, frozen=True, kw_only=True):
    """A product line of an opportunity, with the signs that it is no longer free to delete."""

    opportunity: Reference | None = None
    integrationXRef: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    cancelledFlag: bool | None = None
    purchaseDate: Moment | None = None
    poApprovedFlag: bool | None = None
    invoice: Reference | None = None
    salesOrder: Reference | None = None
    serialNumbers: list[Any] | None = None


class CatalogItem(Tracked, frozen=True, kw_only=True):
    identifier: str = ""
    description: str = ""
    customerDescription: str = ""
    integrationXRef: str | None = None
    taxableFlag: bool | None = None
    inactiveFlag: bool | None = None
    subcategory: Reference | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    manufacturer: Reference | None = None


class Category(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None


class SubCategory(Tracked, frozen=True, kw_only=True):
    """Names are unique within a category only."""

    name: str = ""
    inactiveFlag: bool | None = None
    category: Reference | None = None


class ProductType(Tracked, frozen=True, kw_only=True):
    """The accounting classification of a catalog item."""

    name: str = ""
    inactiveFlag: bool | None = None


class UnitOfMeasure(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None


class Warehouse(Tracked, frozen=True, kw_only=True):
    """A store of goods; `lockedFlag` is set while its stock is counted."""

    name: str = ""
    inactiveFlag: bool | None = None
    lockedFlag: bool | None = None


class Manufacturer(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None


class Company(Tracked, frozen=True, kw_only=True):
    """A company; `deletedFlag` means that it is in the recycle bin."""

    identifier: str = ""
    name: str = ""
    phoneNumber: str | None = None
    faxNumber: str | None = None
    website: str | None = None
    accountNumber: str | None = None
    addressLine1: str | None = None
    addressLine2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: Reference | None = None
    currency: Reference | None = None
    types: list[Reference] | None = None
    defaultContact: Reference | None = None
    parentCompany: Reference | None = None
    billToCompany: Reference | None = None
    deletedFlag: bool | None = None


class CompanyType(Tracked, frozen=True, kw_only=True):
    """What a company is to the tenant, such as a client; a company may have several."""

    name: str = ""


class CompanyStatus(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None


class TypeAssociation(Tracked, frozen=True, kw_only=True):
    """One type of one company; the lowest id is the type that the company got first."""

    type: Reference | None = None


class Site(Tracked, frozen=True, kw_only=True):
    name: str = ""
    primaryAddressFlag: bool | None = None
    inactiveFlag: bool | None = None


class CommunicationItem(Tracked, frozen=True, kw_only=True):
    """One e-mail address or number of a contact; `defaultFlag` marks the one used first of its kind."""

    type: Reference | None = None
    value: str | None = None
    communicationType: str | None = None
    defaultFlag: bool | None = None


class Contact(Tracked, frozen=True, kw_only=True):
    firstName: str | None = None
    lastName: str | None = None
    title: str | None = None
    company: Reference | None = None
    communicationItems: list[CommunicationItem] | None = None
    inactiveFlag: bool | None = None


class CommunicationType(Tracked, frozen=True, kw_only=True):
    """A kind of e-mail address or phone number of a contact; its label is `description`."""

    description: str = ""
    phoneFlag: bool | None = None
    emailFlag: bool | None = None
    faxFlag: bool | None = None
    defaultFlag: bool | None = None


class Member(Tracked, frozen=True, kw_only=True):
    """A person who works at the integrator; members are read, never written."""

    identifier: str = ""
    firstName: str | None = None
    lastName: str | None = None
    primaryEmail: str | None = None
    officeEmail: str | None = None
    mobileEmail: str | None = None
    homeEmail: str | None = None
    licenseClass: str | None = None
    """`A` is a member of the API."""
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
    """A sales stage."""

    name: str = ""


class Probability(Tracked, frozen=True, kw_only=True):
    probability: int = 0


class Note(Tracked, frozen=True, kw_only=True):
    text: str = ""


class Location(Tracked, frozen=True, kw_only=True):
    """An office of the tenant, called territory in the user interface."""

    name: str = ""


class Department(Tracked, frozen=True, kw_only=True):
    """A business unit of the tenant."""

    identifier: str = ""
    name: str = ""


class Country(Tracked, frozen=True, kw_only=True):
    name: str = ""
    countryCode: str | None = None


class UserDefinedField(Tracked, frozen=True, kw_only=True):
    """The definition of a custom field; captions may repeat between kinds of records."""

    caption: str = ""


class State(Tracked, frozen=True, kw_only=True):
    """A state or province; its `identifier` is the postal code of it, unique within a country only."""

    identifier: str = ""
    name: str = ""
    country: Reference | None = None


class Currency(Tracked, frozen=True, kw_only=True):
    """A currency of the tenant; the ISO code is `currencyIdentifier` or the name of `currencyCode`."""

    currencyIdentifier: str = ""
    currencyCode: Reference | None = None
