"""What another member of ConnectWise does in a case: documents, lines, payments and agreements made and changed by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sandbox.connectwise.store import API_MEMBER, ConnectWiseStore
from sandbox.connectwise.user import ConnectWiseUser
from tests.conformance import text_table
from tests.conformance.document_case import InConnectWise
from tests.conformance.document_names import Names, split
from tests.conformance.document_view import (
    AGREEMENTS,
    CATALOG,
    COMPANIES,
    INVOICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
)
from tests.conformance.document_words import FIRST_ACCOUNT

Row = dict[str, Any]
_MEMBERS = {"cwbridge": API_MEMBER}
_FIELDS: Mapping[str, Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    CATALOG: {
        "identifier": ("identifier", str),
        "description": ("description", str),
        "external id": ("integrationXRef", str),
        "price": ("price", Decimal),
        "cost": ("cost", Decimal),
    },
    ORDERS: {"po number": ("poNumber", str), "notes": ("notes", str), "description": ("description", str)},
    INVOICES: {
        "number": ("invoiceNumber", str),
        "reference": ("reference", str),
        "type": ("type", str),
        "comment": ("topComment", str),
    },
    PRODUCTS: {
        "quantity": ("quantity", Decimal),
        "price": ("price", Decimal),
        "cost": ("cost", Decimal),
        "description": ("description", str),
    },
    PAYMENTS: {
        "amount": ("amount", Decimal),
        "date": ("paymentDate", lambda day: f"{day}T00:00:00Z"),
        "type": ("type", str),
        "applied by": ("appliedBy", str),
    },
    AGREEMENTS: {
        "start": ("billStartDate", lambda day: f"{day}T00:00:00Z"),
        "cancelled": ("cancelledFlag", lambda cell: cell == "yes"),
    },
}


class ConnectWiseHand:
    """Makes and changes records; `target(noun, name)` gives the id of the record that one of BSS has become."""

    def __init__(self, store: ConnectWiseStore, names: Names, target: Callable[[str, str], int]) -> None:
        self._store = store
        self._names = names
        self._target = target
        self._user = ConnectWiseUser(store)

    def write(self, given: InConnectWise) -> None:
        """Make and change what the tables say; a `made by` of `cwbridge` is our own API member."""
        for row in text_table.read(given.catalog_items):
            self._put(CATALOG, "catalog item", row, self._catalog_item)
        for row in text_table.read(given.agreements):
            self._put(AGREEMENTS, "agreement", row, self._agreement)
        for row in text_table.read(given.orders):
            self._put(ORDERS, "order", row, self._order)
        for row in text_table.read(given.invoices):
            self._put(INVOICES, "invoice", row, self._invoice)
        for row in text_table.read(given.lines):
            self._line(row)
        for row in text_table.read(given.payments):
            self._put(PAYMENTS, "payment", row, self._payment)
        for told in given.closed:
            self._close(*split(told))
        for told in given.batched:
            self._batch(*split(told), batch={"id": 1})
        for told in given.unbatched:
            self._batch(*split(told), batch=None)

    def _put(self, table: str, noun: str, row: Row, fresh: Callable[[str, Row], Row]) -> None:
        name = row.pop(noun)
        made_by = _MEMBERS.get(row.pop("made by", ""))
        number = self._find(noun, name)
        if number is not None:
            self._user.edit(table, number, self._fields(table, row))
            return
        user = ConnectWiseUser(self._store, made_by) if made_by else self._user
        extra = fresh(name, row)
        self._names.set(f"ConnectWise {noun}", name, user.add(table, extra | self._fields(table, row)))

    def _find(self, noun: str, name: str) -> int | None:
        known: int | None = self._names.find(f"ConnectWise {noun}", name)
        if known is not None or noun not in ("order", "invoice", "payment"):
            return known
        return self._target(noun, name) if self._names.find(noun, name) is not None else None

    def _catalog_item(self, name: str, _row: Row) -> Row:
        return {
            "identifier": name,
            "description": name,
            "customerDescription": name,
            "subcategory": self._first("procurement/subcategories"),
            "type": self._first("procurement/types"),
        }

    def _agreement(self, name: str, row: Row) -> Row:
        company = self._company(row)
        contact = next(
            one
            for one in self._store.table("company/contacts")
            if one.get("company", {}).get("id") == company
        )
        kind = row.pop("type")
        return {
            "name": name,
            "type": self._called("finance/agreements/types", kind),
            "company": {"id": company},
            "contact": {"id": contact["id"]},
        }

    def _order(self, name: str, row: Row) -> Row:
        return {
            "company": {"id": self._company(row)},
            "poNumber": name,
            "status": self._first("sales/orders/statuses"),
            "salesRep": self._first("system/members"),
        }

    def _invoice(self, name: str, row: Row) -> Row:
        return {"company": {"id": self._company(row)}, "type": "Miscellaneous", "reference": name}

    def _payment(self, _name: str, row: Row) -> Row:
        return {"invoice": {"id": self._document(row.pop("invoice"))[1]}}

    def _line(self, row: Row) -> None:
        """A line by hand, or another value of one that an item has become: `line` names it."""
        field, number = self._document(row.pop("of"))
        name = row.pop("line")
        held = next((one for one in self._of(field, number) if self._is(one, name)), None)
        if held is not None:
            self._user.edit(PRODUCTS, held["id"], self._fields(PRODUCTS, row))
            return
        identifier = row.pop("identifier")
        item = next(one for one in self._store.table(CATALOG) if one["identifier"] == identifier)
        extra = {"catalogItem": {"id": item["id"]}, "billableOption": "Billable", field: {"id": number}}
        self._names.set(
            "ConnectWise line", name, self._user.add(PRODUCTS, extra | self._fields(PRODUCTS, row))
        )

    def _is(self, line: Row, name: str) -> bool:
        external = str(line.get("integrationXRef") or "").removeprefix("bss:").partition("@")[0]
        return self._names.name("item", external).rpartition("/")[2] == name

    def _of(self, field: str, number: int) -> list[Row]:
        return [row for row in self._store.table(PRODUCTS) if row.get(field, {}).get("id") == number]

    def _close(self, noun: str, name: str) -> None:
        """Give a document the first closed status."""
        tables = {
            "order": (ORDERS, "sales/orders/statuses"),
            "invoice": (INVOICES, "finance/billingStatuses"),
        }
        table, statuses = tables[noun]
        closed = next(row for row in self._store.table(statuses) if row.get("closedFlag"))
        self._user.edit(table, self._held(noun, name), {"status": {"id": closed["id"]}})

    def _batch(self, noun: str, name: str, *, batch: Row | None) -> None:
        """Put an invoice into a batch, which no call of the API can do, or take it out."""
        row = self._store.table(INVOICES).get(self._held(noun, name)) or {}
        self._store.put(INVOICES, {key: value for key, value in row.items() if key != "glBatch"})
        if batch:
            self._store.put(INVOICES, row | {"glBatch": batch})

    def _held(self, noun: str, name: str) -> int:
        number = self._find(noun, name)
        if number is None:
            raise ValueError(f"there is no {noun} {name!r} in ConnectWise")
        return number

    def _document(self, name: str) -> tuple[str, int]:
        """The field of a line that refers to a document, and its id."""
        for noun, field in (("order", "salesOrder"), ("invoice", "invoice")):
            number = self._find(noun, name)
            if number is not None:
                return field, number
        raise ValueError(f"there is no document {name!r} in ConnectWise")

    def _fields(self, table: str, told: Row) -> Row:
        known = _FIELDS[table]
        unknown = told.keys() - known.keys()
        if unknown:
            raise ValueError(f"{table} have no column {', '.join(sorted(unknown))}")
        return {known[name][0]: known[name][1](cell) if cell else None for name, cell in told.items()}

    def _company(self, row: Row) -> int:
        name = row.pop("company", FIRST_ACCOUNT)
        return int(self._called(COMPANIES, name)["id"])

    def _called(self, table: str, name: str) -> Row:
        return {"id": next(row["id"] for row in self._store.table(table) if row["name"] == name)}

    def _first(self, table: str) -> Row:
        return {"id": next(iter(self._store.table(table)))["id"]}
