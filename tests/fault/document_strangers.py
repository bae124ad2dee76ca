"""What other members of ConnectWise do on documents of the flow; it is kept in mind, so that a judge can ask whether it is still there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sandbox.server import Sandbox
from tests.fault.document_books import (
    CATALOG,
    INVOICES,
    LINES,
    ORDERS,
    PARENTS,
    PAYMENTS,
    STATUSES,
    DocumentBooks,
)
from tests.fault.foreign import Foreign

Row = dict[str, Any]
_KNOWN_CODE = "BY-HAND-1"
_FOREIGN_CODE = "BY-HAND-2"
_UNUSUAL = Decimal("70000.00")
"""Payments of other members are greater than any of BSS."""
_FIELDS = {ORDERS: "bottomCommentFlag", INVOICES: "bottomComment"}


class DocumentStrangers:
    """Lines, payments and fields of other members; documents that they close."""

    def __init__(self, box: Sandbox, books: DocumentBooks, foreign: Foreign, dice: random.Random) -> None:
        self._member = box.connectwise_user
        self._modes = box.connectwise.modes
        self._books = books
        self._foreign = foreign
        self._dice = dice
        self._count = 0
        self._item = self._catalog_item(_FOREIGN_CODE)

    def known_product(self) -> str:
        """The code of a catalog item that another member has made."""
        self._foreign.keep_row(CATALOG, self._catalog_item(_KNOWN_CODE))
        return _KNOWN_CODE

    def line(self, table: str, documents: Sequence[Row]) -> None:
        """A line on one of the documents of BSS that are in ConnectWise; auditing refuses it, whoever adds it."""
        document = self._one_of(table, documents)
        if document is not None and self._modes.inventory_auditing == "off":
            line = self._member.add(
                LINES,
                {
                    PARENTS[table]: {"id": document["id"]},
                    "catalogItem": {"id": self._item},
                    "billableOption": "Billable",
                    "quantity": Decimal(self._dice.randrange(1, 5)),
                    "price": Decimal(self._dice.randrange(1, 9_000)).scaleb(-2),
                    "description": f"Line of another member {self._next()}",
                },
            )
            self._foreign.keep_row(LINES, line)

    def payment(self, invoices: Sequence[Row]) -> None:
        """A payment of one of the invoices."""
        invoice = self._one_of(INVOICES, invoices)
        if invoice is not None:
            payment = self._member.add(
                PAYMENTS,
                {
                    "invoice": {"id": invoice["id"]},
                    "type": "Check",
                    "amount": _UNUSUAL + self._next(),
                    "paymentDate": "2026-05-09T00:00:00Z",
                    "appliedBy": "Ann",
                },
            )
            for field in ("type", "amount", "paymentDate", "appliedBy"):
                self._foreign.keep_field(PAYMENTS, payment, field)

    def field(self, table: str, documents: Sequence[Row]) -> None:
        """A field of one of the documents that the flow does not write."""
        document = self._one_of(table, documents)
        if document is not None:
            value = True if table == ORDERS else f"Comment of another member {self._next()}"
            self._member.edit(table, document["id"], {_FIELDS[table]: value})
            self._foreign.keep_field(table, document["id"], _FIELDS[table])

    def close(self, invoice: Row) -> None:
        """The invoice gets a closed status, or goes into the books."""
        (held,) = self._books.documents(INVOICES, invoice)
        if self._dice.random() < 0.5:
            self._member.batch(held["id"])
            return
        closed = next(row for row in self._books.rows(STATUSES[INVOICES]) if row.get("closedFlag"))
        self._member.edit(INVOICES, held["id"], {"status": {"id": closed["id"]}})
        self._foreign.keep_field(INVOICES, held["id"], "status")

    def _one_of(self, table: str, documents: Sequence[Row]) -> Row | None:
        found = [held for document in documents for held in self._books.documents(table, document)]
        return self._dice.choice(found) if found else None

    def _catalog_item(self, code: str) -> int:
        first = {
            name: {"id": next(iter(self._books.rows(f"procurement/{table}")))["id"]}
            for name, table in (("subcategory", "subcategories"), ("type", "types"))
        }
        return self._member.add(
            CATALOG,
            {"identifier": code, "description": code, "customerDescription": code, "price": 1, "cost": 1}
            | first,
        )

    def _next(self) -> int:
        self._count += 1
        return self._count
