"""What ConnectWise does of its own accord, per noun: defaults, cross-checks, and what follows a write."""

from __future__ import annotations

from typing import Final

from sandbox.connectwise.rules.base import Rules
from sandbox.connectwise.rules.catalog import CatalogRules
from sandbox.connectwise.rules.company import CompanyRules, CompanyTypeRules, SiteRules
from sandbox.connectwise.rules.contact import CommunicationRules, ContactRules
from sandbox.connectwise.rules.opportunity import (
    NoteRules,
    OpportunityContactRules,
    OpportunityRules,
)
from sandbox.connectwise.rules.product import ProductRules
from sandbox.connectwise.rules.setup import CommunicationTypeRules, CustomFieldRules
from sandbox.connectwise.store import ConnectWiseStore

NOUNS: Final[dict[str, type[Rules]]] = {
    "company/communicationTypes": CommunicationTypeRules,
    "company/companies": CompanyRules,
    "company/companies/sites": SiteRules,
    "company/companyTypeAssociations": CompanyTypeRules,
    "company/contacts": ContactRules,
    "company/contacts/communications": CommunicationRules,
    "procurement/catalog": CatalogRules,
    "procurement/products": ProductRules,
    "sales/opportunities": OpportunityRules,
    "sales/opportunities/contacts": OpportunityContactRules,
    "sales/opportunities/notes": NoteRules,
    "system/userDefinedFields": CustomFieldRules,
}


def rules_of(store: ConnectWiseStore, member: str) -> dict[str, Rules]:
    """Return the rules of every table of a store for what a member does."""
    return {table: NOUNS.get(table, Rules)(store, table, member) for table in store.tables}
