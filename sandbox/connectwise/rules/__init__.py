"""What ConnectWise does of its own accord, per noun: defaults, cross-checks, and what follows a write."""

from __future__ import annotations

from typing import Final

from sandbox.connectwise.rules.agreement import AdditionRules, AgreementRules
from sandbox.connectwise.rules.base import Rules
from sandbox.connectwise.rules.catalog import CatalogRules
from sandbox.connectwise.rules.company import CompanyRules, CompanyTypeRules, SiteRules
from sandbox.connectwise.rules.contact import CommunicationRules, ContactRules
from sandbox.connectwise.rules.invoice import ClosedInvoiceRules, InvoiceRules
from sandbox.connectwise.rules.opportunity import (
    NoteRules,
    OpportunityContactRules,
    OpportunityRules,
)
from sandbox.connectwise.rules.order import OrderRules
from sandbox.connectwise.rules.payment import PaymentRules
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
    "finance/agreements": AgreementRules,
    "finance/agreements/additions": AdditionRules,
    "finance/invoices": InvoiceRules,
    "finance/invoices/payments": PaymentRules,
    "procurement/catalog": CatalogRules,
    "procurement/products": ProductRules,
    "sales/opportunities": OpportunityRules,
    "sales/opportunities/contacts": OpportunityContactRules,
    "sales/opportunities/notes": NoteRules,
    "sales/orders": OrderRules,
    "system/userDefinedFields": CustomFieldRules,
}


def rules_of(store: ConnectWiseStore, member: str) -> dict[str, Rules]:
    """Return the rules of every table of a store for what a member does, and those of paths with rules of their own."""
    rules = {table: NOUNS.get(table, Rules)(store, table, member) for table in store.tables}
    return rules | {"finance/closedInvoices": ClosedInvoiceRules(store, "finance/invoices", member)}
