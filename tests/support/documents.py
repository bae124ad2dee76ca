"""Orders and invoices of BSS and what they become in ConnectWise, as users of both see them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sandbox.bss.collections import Row
from tests.support.pairs import Pairs

Noun = Literal["order", "invoice"]
TABLES = {"order": "sales/orders", "invoice": "finance/invoices"}
PARENTS = {"order": "salesOrder", "invoice": "invoice"}
LINES = "procurement/products"
DAY = date(2026, 4, 30)


class Documents:
    """The orders or invoices of one account with one product."""

    def __init__(self, pairs: Pairs, noun: Noun) -> None:
        self.pairs = pairs
        self.noun = noun
        self.table = TABLES[noun]
        self.external_id = "poNumber" if noun == "order" else "reference"
        rep = pairs.bench.default_rep["identifier"]
        pairs.choose(push=["account", "contact", "product", noun], sales_representative=rep)
        self.account = pairs.account()
        self.product = str(pairs.bss.add("products", code="MBX-50", name="Cloud Mailbox")["id"])

    def add(self, *prices: str, code: str = "000433", **fields: Any) -> str:
        """Another user of BSS makes a document with an item of two pieces for each price."""
        own: dict[str, Any] = {"code": code, "accountId": self.account, "currency": {"code": "USD"}}
        if self.noun == "order":
            own |= {"billToAccountId": self.account, "status": {"name": "Completed"}, "orderDate": DAY}
        else:
            own |= {"billingAccountId": self.account, "stage": "Unpaid", "type": "Debit", "date": DAY}
        number = str(self.pairs.bench.box.bss_user.add(f"{self.noun}s", own | fields))
        for price in prices:
            self.item(number, price)
        return number

    def item(self, document: str, price: str, **fields: Any) -> str:
        """A further item."""
        given = {
            "product": self.product,
            "quantity": Decimal(2),
            "finalPrice": Decimal(price),
            "costPrice": Decimal(1),
            "finalTotal": 2 * Decimal(price),
            "costTotal": Decimal(2),
        }
        return str(self.pairs.bench.box.bss_user.add(f"{self.noun}s/{document}/items", given | fields))

    def edit(self, document: str, **fields: Any) -> None:
        self.pairs.bench.box.bss_user.edit(f"{self.noun}s", document, fields)

    def edit_item(self, document: str, item: str, **fields: Any) -> None:
        self.pairs.bench.box.bss_user.edit(f"{self.noun}s/{document}/items", item, fields)

    def remove(self, document: str) -> None:
        self.pairs.bss.remove(f"{self.noun}s", document)

    def key(self, document: str) -> str:
        return f"bss/{self.noun}/{document}"

    def records(self) -> list[Row]:
        """Every record of ConnectWise of the account's code."""
        return [
            row for row in self.pairs.connectwise.table(self.table) if row.get(self.external_id) == "000433"
        ]

    async def of(self, document: str) -> Row:
        """The record that a document is linked to."""
        link = await self.pairs.links.get(self.noun, f"bss:{self.noun}:{document}")
        assert link is not None, f"{document} is not linked"
        row: Row | None = self.pairs.connectwise.table(self.table).get(link.target)
        assert row is not None
        return row

    def lines(self, record: int) -> list[Row]:
        parent = PARENTS[self.noun]
        return [row for row in self.pairs.connectwise.table(LINES) if row.get(parent) == {"id": record}]

    def net(self, record: Row) -> Decimal:
        """What ConnectWise has computed of the lines."""
        return Decimal(record["subTotal" if self.noun == "order" else "subtotal"])
