"""The settings of the billing flow as data."""

from __future__ import annotations

from typing import Self

import msgspec

from worker.billing.document_rules import DocumentRules
from worker.billing.merge import Master, Policy
from worker.billing.name_map import NameMap
from worker.billing.settings import BillingSettings


class BillingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is synced which way, the tables of names, and the rules of products, orders, invoices, payments and subscriptions."""

    accounts: Policy
    contacts: Policy
    company_status: str
    mobile_type: str
    adopt_vendor_links: bool
    beside_vendor_connector: bool
    account_types: NameMap
    currencies: NameMap
    countries: NameMap
    documents: DocumentRules

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
            documents=DocumentRules.of(chosen),
        )


def _policy(chosen: BillingSettings, record: str, master: Master) -> Policy:
    return Policy(push=record in chosen.push, pull=record in chosen.pull, master=master)
