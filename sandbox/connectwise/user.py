"""Another member of the ConnectWise tenant, who changes records under the rules of the server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.connectwise.errors import Refusal
from sandbox.connectwise.records import Records
from sandbox.connectwise.resources import OWNERS, RESOURCES, Resource
from sandbox.connectwise.rules.contact import ROLES
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row

COMPANIES = "company/companies"
CONTACTS = "company/contacts"
SITES = "company/companies/sites"
TYPES = "company/companyTypeAssociations"
INVOICES = "finance/invoices"
DOCUMENTS = ("sales/orders", INVOICES, "finance/agreements")
PATHS = {resource.path: resource for resource in RESOURCES}
ADMIN = "admin"


class ConnectWiseUser:
    """Another member, whose changes do not count as calls of the API.

    Tables are named as in the store (`company/companies/sites`), the parent of a nested record is a field of it; a path
    that shows another table is a name as well (`finance/closedInvoices`, to open an invoice again). Raises KeyError for what does not exist, ValueError for what the server would refuse.
    """

    def __init__(self, store: ConnectWiseStore, member: str = ADMIN) -> None:
        self._store = store
        self._member = member
        self._records = Records(store, member)
        self._batches = 0

    def add(self, table: str, fields: dict[str, Any]) -> int:
        """Make a record and return its id."""
        resource = OWNERS[table]
        given = _exact(fields)
        held = given.pop(resource.parent) if resource.parent else None
        parent = held["id"] if isinstance(held, dict) else held
        try:
            number: int = self._records.create(resource, parent, given)["id"]
        except Refusal as refused:
            raise ValueError(str(refused.body)) from refused
        return number

    def show(self, table: str, number: int | str) -> Row:
        """The record as stored; raise KeyError when it is not there."""
        return self._found(table, number)[1]

    def edit(self, table: str, number: int | str, fields: dict[str, Any]) -> None:
        """Change fields of a record; None empties one."""
        exact = _exact(fields)
        operations = [
            {"op": "remove", "path": f"/{name}"}
            if value is None
            else {"op": "replace", "path": f"/{name}", "value": value}
            for name, value in exact.items()
        ]
        resource, row = self._found(table, number)
        try:
            self._records.patch(resource, row, operations)
        except Refusal as refused:
            raise ValueError(str(refused.body)) from refused

    def remove(self, table: str, number: int | str) -> None:
        """Delete a record: a company goes to the recycle bin, a contact is taken off its company first."""
        resource, row = self._found(table, number)
        if table == CONTACTS:
            self._clear_roles(row)
        try:
            self._records.delete(resource, row)
        except Refusal as refused:
            raise ValueError(str(refused.body)) from refused

    def merge(self, company: int, into: int) -> None:
        """Merge a company into another: contacts, sites and documents move there, the company goes to the recycle bin.

        Raise KeyError when one is not there, ValueError when one is deleted or both are the same.
        """
        _, gone = self._found(COMPANIES, company)
        _, kept = self._found(COMPANIES, into)
        if company == into or gone["deletedFlag"] or kept["deletedFlag"]:
            raise ValueError("Two companies outside the recycle bin are needed.")
        moved = {"company": {"id": into}}
        for site in self._store.table(SITES).find("company/id", company):
            flags = {name: False for name in site if name.startswith(("primary", "default"))}
            self._put(SITES, site | moved | flags)
        for contact in self._store.table(CONTACTS).find("company/id", company):
            self._put(CONTACTS, contact | moved | {"site": kept.get("site"), "defaultFlag": False})
        for table in DOCUMENTS:
            for document in self._store.table(table).find("company/id", company):
                self._put(table, document | moved)
        for association in self._store.table(TYPES).find("company/id", company):
            self._store.remove(TYPES, association["id"])
        empty = {name: value for name, value in gone.items() if name not in (*ROLES, "site", "billingSite")}
        self._put(COMPANIES, empty | {"types": []})
        self.remove(COMPANIES, company)

    def batch(self, invoice: int) -> None:
        """Post an invoice to the books: it can no longer be changed; raise KeyError when it is not there."""
        _, row = self._found(INVOICES, invoice)
        self._batches += 1
        self._put(INVOICES, row | {"glBatch": {"id": self._batches}})

    def unbatch(self, invoice: int) -> None:
        """Take an invoice out of its batch; raise KeyError when it is not there."""
        _, row = self._found(INVOICES, invoice)
        self._put(INVOICES, row | {"glBatch": None, "unbatchedBatch": row.get("glBatch")})

    def _clear_roles(self, contact: Row) -> None:
        company = self._store.table(COMPANIES).get(contact.get("company", {}).get("id"))
        if company is not None:
            me = {"id": contact["id"]}
            self._store.put(COMPANIES, {n: v for n, v in company.items() if n not in ROLES or v != me})

    def _put(self, table: str, row: Row) -> None:
        info = row["_info"] | {"lastUpdated": self._store.now(), "updatedBy": self._member}
        held = {name: value for name, value in row.items() if value is not None}
        self._store.put(table, held | {"_info": info})

    def _found(self, table: str, number: int | str) -> tuple[Resource, Row]:
        resource = PATHS.get(table) or OWNERS[table]
        row = self._store.table(resource.table).get(int(number))
        if row is None:
            raise KeyError(f"{table} {number}")
        return resource, row


def _exact(value: Any) -> Any:
    """Return a value with the floats that the control reads from JSON as the decimals that were written."""
    match value:
        case float():
            return Decimal(repr(value))
        case dict():
            return {name: _exact(item) for name, item in value.items()}
        case list():
            return [_exact(item) for item in value]
    return value
