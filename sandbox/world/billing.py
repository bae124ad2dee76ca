"""The nouns of the cloud distributor whose accounts are billed in BSS: plain frozen data without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAddress:
    """An address of an account; an account has one billing address at most."""

    id: str
    address1: str
    address2: str | None
    city: str | None
    post_code: str | None
    state_code: str | None
    state_name: str | None
    country_code: str
    country_name: str
    billing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer, reseller or prospect of the distributor; `type` is a name, `currency` an ISO code."""

    id: int
    name: str
    code: str | None
    type: str | None
    currency: str | None
    phone: str | None
    fax: str | None
    website: str | None
    email: str | None
    parent_id: int | None
    taxable: bool
    addresses: tuple[AccountAddress, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountContact:
    """A person at an account."""

    id: int
    account_id: int
    first_name: str
    last_name: str | None
    job_title: str | None
    email: str | None
    phone: str | None
    mobile_phone: str | None
    fax: str | None
    primary: bool
    created_at: datetime
    updated_at: datetime
