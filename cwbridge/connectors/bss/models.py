"""Records of interworks.cloud BSS that are synced both ways, and what every record has: the fields that are read, in the spelling of version 3.

What the server leaves out, writes as null or as an empty text is None. Times are aware UTC. The records that go to ConnectWise only are in
`documents`. Sources: the vendor's page "Platform JSON
objects" for accounts; the other shapes are assumed after public samples (docs/bss.md).
"""
# ruff: noqa: N815 - the API's own spelling, the same as in drafts, filters and patches

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from cwbridge.connectors.records import Link, Record

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NamedLink(Link, frozen=True):
    """Another record by id and name."""

    name: str | None = None


class CurrencyLink(Link, frozen=True):
    """A currency with its ISO code."""

    code: str | None = None


class Row(Record, frozen=True, kw_only=True):
    """What every row of a list has: when it was changed last, and an id of the kind that its collection uses."""

    updatedAt: Moment | None = None

    @property
    def record_id(self) -> int | str:
        """The id, whatever it is made of."""
        raise NotImplementedError


class Listed(Row, frozen=True, kw_only=True):
    """A row whose id is a number."""

    id: int

    @property
    def record_id(self) -> int:
        return self.id


class AccountAddress(Record, frozen=True, kw_only=True):
    """An address of an account; the one with `isBilling` is the billing address."""

    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    postCode: str | None = None
    stateCode: str | None = None
    stateName: str | None = None
    countryCode: str | None = None
    countryName: str | None = None
    isBilling: bool | None = None


class Account(Listed, frozen=True, kw_only=True):
    """A customer of the distributor; `addresses` is None in lists of tenants that show them at the single account only."""

    name: str | None = None
    code: str | None = None
    phone: str | None = None
    fax: str | None = None
    webSite: str | None = None
    type: NamedLink | None = None
    transactionCurrency: CurrencyLink | None = None
    currency: CurrencyLink | None = None
    """The older name of `transactionCurrency`."""
    parentAccount: NamedLink | None = None
    addresses: list[AccountAddress] | None = None
    integrationId: str | None = None
    """The id that the vendor's own connector keeps of the record in the other system."""

    @property
    def currency_code(self) -> str | None:
        """The ISO code of the account's currency, from whichever field the tenant fills."""
        link = self.transactionCurrency or self.currency
        return link.code if link is not None else None

    @property
    def billing_address(self) -> AccountAddress | None:
        """The first address marked as billing; the others are of no concern."""
        return next((address for address in self.addresses or () if address.isBilling), None)


class Contact(Listed, frozen=True, kw_only=True):
    """A person at an account."""

    firstName: str | None = None
    lastName: str | None = None
    jobTitle: str | None = None
    email: str | None = None
    phone: str | None = None
    mobilePhone: str | None = None
    fax: str | None = None
    isPrimary: bool | None = None
    account: NamedLink | None = None


class AccountType(Listed, frozen=True, kw_only=True):
    """A kind of account, such as Customer or Reseller."""

    name: str | None = None
