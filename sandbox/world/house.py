"""The nouns around projects: the integrator, its people, its clients and its products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; `state` is what the user typed, `country` an alpha-2 code."""

    street: str = ""
    city: str = ""
    state: str = ""
    zipcode: str = ""
    country: str = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person of the integrator, owner of projects."""

    id: int
    full_name: str
    email: str
    created_at: datetime
    updated_at: datetime
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A location of the integrator."""

    id: int
    name: str
    time_zone: str
    product_database_id: int
    address: Address
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The integrator itself."""

    id: int
    name: str
    offices: tuple[Office, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at a client."""

    id: int
    first_name: str
    last_name: str
    title: str
    email_address: str
    phone_number_1: str
    phone_number_2: str
    description: str
    primary: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A customer of the integrator; a subclient names its parent."""

    id: int
    user_id: int
    company_name: str
    website: str
    phone: str
    description: str
    delinquent: bool
    address: Address
    external_ids: Mapping[str, str] | None
    parent_id: int | None
    contacts: tuple[Contact, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def primary_contact(self) -> Contact | None:
        """The contact marked primary, when there is one."""
        return next((contact for contact in self.contacts if contact.primary), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A manufacturer, vendor, item type or market segment: an id with a name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of the integrator's product database; `model` may be empty when there is a part number."""

    id: int
    product_id: int | None
    manufacturer: Named
    model: str
    part_number: str | None
    short_description: str
    item_type: Named
    cost: Decimal
    price: Decimal
    msrp: Decimal
    currency_code: str
    shipping_price: Decimal
    install_minutes: int
    custom: bool
    discontinued: bool
    created_at: datetime
    updated_at: datetime
