"""The settings that shape accounts and contacts, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import msgspec

from cwbridge.text import folded
from worker.billing.merge import Master, Policy
from worker.billing.settings import BillingSettings


class NameMap(msgspec.Struct, frozen=True):
    """A table of the settings, BSS name -> ConnectWise name; names are compared without case and surplus blanks."""

    rows: dict[str, tuple[str, str]]
    """Folded BSS name -> both names as the settings spell them."""

    @classmethod
    def of(cls, table: Mapping[str, str]) -> Self:
        return cls({folded(source): (source, target) for source, target in table.items()})

    def to_psa(self, name: str) -> str | None:
        """The ConnectWise name of the row, or None without one."""
        row = self.rows.get(folded(name))
        return None if row is None else row[1]

    def to_bss(self, name: str) -> str | None:
        """The BSS name of the first row that leads to this ConnectWise name, or None."""
        return next((source for source, target in self.rows.values() if folded(target) == folded(name)), None)


class BillingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is synced which way, and the tables of names."""

    accounts: Policy
    contacts: Policy
    company_status: str
    mobile_type: str
    adopt_vendor_links: bool
    beside_vendor_connector: bool
    account_types: NameMap
    currencies: NameMap
    countries: NameMap

    @classmethod
    def of(cls, chosen: BillingSettings) -> Self:
        return cls(
            accounts=_policy(chosen, "account", chosen.master),
            contacts=_policy(chosen, "contact", chosen.master),
            company_status=chosen.company_status,
            mobile_type=chosen.mobile_type,
            adopt_vendor_links=chosen.adopt_vendor_links,
            beside_vendor_connector=chosen.beside_vendor_connector,
            account_types=NameMap.of(chosen.account_types),
            currencies=NameMap.of(chosen.currencies),
            countries=NameMap.of(chosen.countries),
        )


def _policy(chosen: BillingSettings, record: str, master: Master) -> Policy:
    return Policy(push=record in chosen.push, pull=record in chosen.pull, master=master)
