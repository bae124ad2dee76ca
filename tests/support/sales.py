"""What one account buys: products, an order, two invoices, their payments and subscriptions, changed in BSS as a user of it does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sandbox.bss.collections import Row
from tests.support.pairs import Pairs

Document = Literal["order", "invoice", "draft"]
UNITS = {"Month": "Subscriptions Monthly", "Annual": "Subscriptions Annual"}
DAY = date(2026, 4, 30)
BOUGHT = (
    "finance/agreements/additions",
    "finance/agreements",
    "finance/invoices/payments",
    "procurement/products",
    "finance/invoices",
    "sales/orders",
)
_STAGES = ("Draft", "Unpaid", "Paid")


class Sales:
    """The account and everything it buys; `draft` is an invoice that begins as a draft."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._user = pairs.bench.box.bss_user
        pairs.choose(
            push=["account", "contact", "product", "order", "invoice", "payment", "subscription"],
            sales_representative=pairs.bench.default_rep["identifier"],
            create_agreements=True,
            units=UNITS,
        )
        self.account = pairs.account()
        self.person = pairs.person(self.account, isPrimary=True, email="ada@harbor.example")
        self.products = [self._product(code, price) for code, price in (("MBX", "4.20"), ("BKP", "18.00"))]
        self._documents = {
            "order": self._order(),
            "invoice": self._invoice("000434", "Unpaid"),
            "draft": self._invoice("000435", "Draft"),
        }
        self.pay("invoice", "3.00")
        self.pay("draft", "4.20")
        self.subscribe()

    def job_keys(self) -> list[str]:
        """Of everything, each after those that it refers to."""
        tables = ("products", "orders", "invoices", "payments", "subscriptions")
        documents = [
            f"bss/{table.removesuffix('s')}/{number}" for table in tables for number in self.rows(table)
        ]
        return [f"bss/account/{self.account}", f"bss/contact/{self.person}", *documents]

    def rows(self, collection: str) -> Mapping[Any, Row]:
        """What BSS holds, by id."""
        return self.pairs.bss.rows(collection)

    def has_agreement(self, company: int, contact: int) -> None:
        """Another member of ConnectWise makes the monthly agreement, which began long ago."""
        types = self.pairs.connectwise.table("finance/agreements/types")
        kind = next(row["id"] for row in types if row["name"] == UNITS["Month"])
        self.pairs.bench.box.connectwise_user.add(
            "finance/agreements",
            {
                "name": "Monthly",
                "type": {"id": kind},
                "company": {"id": company},
                "contact": {"id": contact},
                "startDate": "2026-01-01T00:00:00Z",
            },
        )

    def clear_connectwise(self) -> None:
        """Remove the company, its contact, what it bought, and the catalog items of that from ConnectWise."""
        self.pairs.clear_connectwise()
        store = self.pairs.connectwise
        for table in BOUGHT:
            for row in list(store.table(table)):
                store.remove(table, row["id"])
        for row in list(store.table("procurement/catalog")):
            if str(row.get("integrationXRef", "")).startswith("bss:"):
                store.remove("procurement/catalog", row["id"])

    def add_item(self, document: Document, product: int, quantity: Decimal | None, price: Decimal) -> None:
        """A further item; one of an invoice that has no quantity is for the first subscription."""
        fields: Row = {"product": self.products[product], "finalPrice": price, "costPrice": Decimal(1)}
        if quantity is not None:
            fields["quantity"] = quantity
        elif document != "order":
            fields["subscriptions"] = [next(iter(self.rows("subscriptions")))]
        self._user.add(self._items(document), fields)

    def edit_item(self, document: Document, place: int, **fields: Any) -> None:
        items = self._row(document)["items"]
        self._user.edit(self._items(document), items[place % len(items)]["id"], fields)

    def remove_item(self, document: Document, place: int) -> None:
        """Any item but the first, by which a document is known after a loss of Redis."""
        items = self._row(document)["items"][1:]
        if items:
            self._user.remove(self._items(document), items[place % len(items)]["id"])

    def advance(self, invoice: Document) -> None:
        """The next stage of an invoice."""
        stage = _STAGES.index(self._row(invoice)["stage"])
        self.edit(invoice, stage=_STAGES[min(stage + 1, 2)])

    def edit(self, document: Document, **fields: Any) -> None:
        self._user.edit(self._table(document), self._documents[document], fields)

    def pay(self, invoice: Document, amount: str) -> None:
        self._user.pay(self._documents[invoice], Decimal(amount), day=DAY)

    def edit_nth(self, collection: str, place: int, **fields: Any) -> None:
        """Change a product, a payment or a subscription."""
        numbers = list(self.rows(collection))
        self._user.edit(collection, numbers[place % len(numbers)], fields)

    def subscribe(self) -> None:
        """A further subscription of the first product."""
        self._user.add(
            "subscriptions",
            {
                "name": "Mailboxes",
                "accountId": self.account,
                "product": {"id": self.products[0]},
                "quantity": Decimal(12),
                "unit": "Month",
                "sellPrice": Decimal("4.20"),
                "costPrice": Decimal("3.10"),
                "startDate": "2026-01-15",
                "status": "Active",
            },
        )

    def _product(self, code: str, price: str) -> str:
        fields = {"code": code, "name": f"Cloud {code}", "sellPrice": Decimal(price), "costPrice": Decimal(1)}
        return str(self._user.add("products", fields))

    def _order(self) -> str:
        fields = {
            "code": "000433",
            "accountId": self.account,
            "billToAccountId": self.account,
            "contact": {"id": self.person},
            "status": {"name": "Completed"},
            "orderDate": DAY,
        }
        return self._document("orders", fields)

    def _invoice(self, code: str, stage: str) -> str:
        fields = {"code": code, "accountId": self.account, "stage": stage, "type": "Debit", "date": DAY}
        return self._document("invoices", fields)

    def _document(self, collection: str, fields: Row) -> str:
        items = [
            {"product": product, "quantity": Decimal(2), "finalPrice": Decimal("4.20")}
            for product in self.products
        ]
        return str(self._user.add(collection, {**fields, "currency": {"code": "USD"}, "items": items}))

    def _table(self, document: Document) -> str:
        return "orders" if document == "order" else "invoices"

    def _items(self, document: Document) -> str:
        return f"{self._table(document)}/{self._documents[document]}/items"

    def _row(self, document: Document) -> Row:
        return self.rows(self._table(document))[self._documents[document]]
