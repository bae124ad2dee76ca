"""What the ConnectWise stand-in keeps: tables, the log of writes, and the marks a test may set."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from sandbox.connectwise.modes import Modes
from sandbox.connectwise.resources import OWNERS, Resource
from sandbox.connectwise.sums import Sums
from sandbox.connectwise.table import Row, Table

API_MEMBER = "apibridge"

DEFINITIONS = "system/userDefinedFields"
PODS = {
    "sales/opportunities": 1,
    "company/companies": 2,
    "company/contacts": 3,
    "company/companies/sites": 4,
    "procurement/catalog": 5,
    "procurement/products": 6,
    "finance/agreements/additions": 7,
    "finance/agreements": 8,
    "finance/invoices": 9,
    "sales/orders": 10,
}
"""The `podId` in a custom field's definition says which records have the field."""


class Write(msgspec.Struct, frozen=True):
    """One accepted change; `resource` is the table, `path` lies below the API base."""

    time: float
    method: str
    path: str
    resource: str
    id: int


class ConnectWiseStore:
    """The tenant: `table(name)` gives rows, `writes` grows with every accepted change."""

    def __init__(self, modes: Modes | None = None) -> None:
        self.modes = modes or Modes()
        self.writes: list[Write] = []
        self.base_url = ""
        self.tables = {name: Table(name, owner.indexes) for name, owner in OWNERS.items()}
        self.product_marks: dict[int, str] = {}
        self.conversions: dict[int, str] = {}
        self.sums: dict[tuple[str, int], Sums] = {}
        """What the lines and payments of an order or invoice come to, by table and id."""
        self.invoice_sequence = 0
        """The last number that the server's own sequence gave to an invoice."""
        self._references: dict[tuple[str, int], Row] = {}
        self._forecast_lines = 0
        self._second = 0
        self._stamp = ""

    def table(self, name: str) -> Table:
        return self.tables[name]

    def now(self) -> str:
        """Return the server's time in the form of its answers: whole seconds, UTC."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
        return self._stamp

    def put(self, table: str, row: Row) -> None:
        """Store a row as it is and forget what references to it showed."""
        self.tables[table].put(row)
        self._references.pop((table, row["id"]), None)

    def add(self, table: str, /, **fields: Any) -> Row:
        """Store a new row without any check, the way seeds and tests prepare a tenant."""
        stamp = self.now()
        info = {"lastUpdated": stamp, "updatedBy": "admin", "dateEntered": stamp, "enteredBy": "admin"}
        flags = OWNERS[table].schema.flags
        held = {name: value for name, value in fields.items() if value is not None}
        row: Row = {"id": self.tables[table].new_id(), **flags, **held}
        row["_info"] = info | fields.get("_info", {})
        self.put(table, row)
        return row

    def remove(self, table: str, number: int) -> None:
        self.tables[table].remove(number)
        self._references.pop((table, number), None)

    def wrote(self, method: str, path: str, table: str, number: int) -> None:
        self.writes.append(Write(time.time(), method, path, table, number))

    def reference(self, table: str, number: int) -> Row:
        """Return what a reference to a row shows; the same dictionary until the row changes."""
        known = self._references.get((table, number))
        if known is None:
            known = self._references[table, number] = self._reference(table, number)
        return known

    def _reference(self, table: str, number: int) -> Row:
        row = self.tables[table].get(number) if table in self.tables else None
        if row is None:
            return {"id": number}
        owner = OWNERS[table]
        fields = {name: name for name in owner.shown} | dict(owner.renamed)
        shown = {name: row[field] for name, field in fields.items() if row.get(field) is not None}
        return {
            "id": number,
            **shown,
            owner.called: label(row, owner.label),
            "_info": self._links(owner, row),
        }

    def _links(self, owner: Resource, row: Row) -> Row:
        parent = row["company"]["id"] if "{}" in owner.path else ""
        address = f"{self.base_url}/v4_6_release/apis/3.0/{owner.path.format(parent)}/{row['id']}"
        return {f"{owner.subject}_href": address}

    def custom_fields_of(self, table: str) -> list[Row]:
        """Return the definitions of the custom fields that the records of a table have."""
        pod = PODS.get(table)
        return [
            row
            for row in self.tables[DEFINITIONS]
            if row.get("podId") == pod and not self.lacks(DEFINITIONS, row)
        ]

    def lacks(self, table: str, row: Row) -> bool:
        """Say whether a stored row is the definition of a custom field that the tenant does not have."""
        return table == DEFINITIONS and row.get("caption") in self.modes.lacking_fields

    def new_forecast_line(self) -> int:
        self._forecast_lines += 1
        return self._forecast_lines

    def mark_product(self, number: int, mark: str) -> None:
        """Mark a product item as ordered, picked, shipped or invoiced: it can no longer be deleted."""
        self.product_marks[number] = mark

    def convert(self, opportunity: int, target: str = "SalesOrder") -> None:
        """Record that an opportunity was converted; `target` is what it became."""
        self.conversions[opportunity] = target


def label(row: Row, fields: tuple[str, ...]) -> str:
    """Return the name under which other records refer to a row."""
    return " ".join(str(row[name]) for name in fields if row.get(name) is not None)
