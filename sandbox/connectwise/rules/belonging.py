"""What every document of a company has to keep to: a living company, and its own contacts and sites."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.rules.base import Rules
from sandbox.connectwise.table import Row

OWN = {"contact": "company/contacts", "site": "company/companies/sites"}


def check_company(rules: Rules, row: Row) -> Iterator[Problem]:
    """Yield a problem for a deleted company, and for a contact or site of another one."""
    company = rules.row("company/companies", row.get("company"))
    if company is None:
        return
    if company.get("deletedFlag"):
        yield Problem("InvalidField", f"Company {company['identifier']} has been deleted.", "company")
    for field, table in OWN.items():
        referred = rules.row(table, row.get(field))
        if referred is not None and referred.get("company", {}).get("id") != company["id"]:
            yield Problem("InvalidField", f"The {field} does not belong to the company.", field)
