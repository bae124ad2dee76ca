"""Products, orders, invoices, payments and subscriptions that other users of BSS make."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.server import Sandbox
from tests.fault.document_expected import PAYMENT_TYPES, UNITS
from tests.fault.document_users import DocumentUsers
from tests.fault.new_values import NewValues

Row = dict[str, Any]
_FINE_PRICE = Decimal("1.083")
"""More decimals than cents have; its multiples are rounded alike by everybody."""
_ADDRESS = {
    "stateName": "Washington",
    "stateCode": "WA",
    "countryName": "United States",
    "countryCode": "US",
    "city": "Seattle",
    "postCode": "98195",
}
_CUSTOMER = 1


class DocumentNewcomers:
    """Makes records, each with a code that no other has."""

    def __init__(self, box: Sandbox, users: DocumentUsers, dice: random.Random) -> None:
        self._store = box.bss
        self._users = users
        self._dice = dice
        self._new = NewValues()

    def product(self, **fields: Any) -> str:
        """A product."""
        given = {"name": self._new.named("Cloud product"), "code": self._new.code(), **fields}
        given |= {
            "fullDescription": self._new.named("What it is for"),
            "productType": {"id": 1, "name": "Cloud Services"},
            "unitOfMeasure": {"name": "License"},
            "sellPrice": self.price(),
            "costPrice": self.price(),
        }
        return self._users.add("products", given)

    def customer(self) -> int:
        """An account with a billing address and a primary contact."""
        account: int = self._store.add(
            "accounts",
            name=self._new.named("Document customer"),
            code=self._new.named("D"),
            typeId=_CUSTOMER,
            currencyCode="USD",
            address={**_ADDRESS, "address1": f"{self._new.code()} Campus Way"},
        )["id"]
        self._store.add(
            "contacts",
            accountId=account,
            firstName=self._new.named("Dora"),
            lastName=self._new.code(),
            email=f"dora{account}@people.example",
            isPrimary=True,
        )
        return account

    def subscription(self, account: int, unit: str = "") -> str:
        """A subscription that is active."""
        return self._users.add(
            "subscriptions",
            {
                "name": self._new.named("Subscription"),
                "accountId": account,
                "product": self.sold(),
                "quantity": self.quantity(),
                "unit": unit or self._dice.choice(list(UNITS)),
                "sellPrice": self.price(),
                "costPrice": self.price(),
                "startDate": self.day(),
            },
        )

    def order(self, account: int, status: str) -> str:
        """An order; half of them name a contact of the account."""
        people = [row for row in self._store.rows("contacts").values() if row["accountId"] == account]
        return self._users.add(
            "orders",
            {
                "code": self._new.named("ORD"),
                "accountId": account,
                "billToAccountId": account,
                "contact": {"id": people[0]["id"]} if people and self._dice.random() < 0.5 else None,
                "status": {"name": status},
                "orderDate": self.day(),
                "dueDate": self.day(),
                "description": self._new.named("Order of"),
                "currency": {"code": "USD"},
                "items": self._items("orders", account),
            },
        )

    def invoice(self, account: int, stage: str) -> str:
        """An invoice, or now and then a credit document."""
        return self._users.add(
            "invoices",
            {
                "code": self._new.code(),
                "accountId": account,
                "stage": stage,
                "type": "Credit" if self._dice.random() < 0.1 else "Debit",
                "date": self.day(),
                "dueDate": self.day(),
                "description": self._new.named("Services of"),
                "currency": {"code": "USD"},
                "items": self._items("invoices", account),
            },
        )

    def payment(self, invoice: str, *, amount: Decimal | None = None, on: date | None = None) -> str:
        """A payment of an invoice."""
        return self._users.add(
            "payments",
            {
                "accountId": self._store.rows("invoices")[invoice]["accountId"],
                "invoiceId": invoice,
                "paymentMethod": {"id": 1, "name": self._dice.choice(list(PAYMENT_TYPES))},
                "paymentDate": on or self.day(),
                "amount": self.price() if amount is None else amount,
            },
        )

    def item(self, collection: str, account: int) -> Row:
        """An item whose quantity explains its total; those of invoices may count subscriptions, or have a total of their own."""
        item: Row = {"product": self.sold()["id"], "finalPrice": self.price(), "costPrice": self.price()}
        form = self._dice.random() if collection == "invoices" else 0.0
        counted = self._subscriptions(account)
        if form > 0.8:
            return item | {"quantity": 7, "finalTotal": self.price(), "costTotal": self.price()}
        if form > 0.6 and counted:
            return item | {"subscriptions": self._dice.sample(counted, min(len(counted), 2))}
        return item | {"quantity": self.quantity()}

    def sold(self) -> Row:
        """Any product, as other records name it."""
        product = self._dice.choice(list(self._store.rows("products").values()))
        return {name: product[name] for name in ("id", "code", "name")}

    def price(self) -> Decimal:
        """An amount that is hardly twice the same."""
        if self._dice.random() < 0.1:
            return _FINE_PRICE
        return Decimal(self._dice.randrange(1, 50_000)).scaleb(-2)

    def quantity(self) -> int:
        return self._dice.randrange(1, 9)

    def day(self) -> date:
        """A day of the last year."""
        return datetime.now(UTC).date() - timedelta(days=self._dice.randrange(1, 365))

    def named(self, noun: str) -> str:
        """A text that no field has had before."""
        return self._new.named(noun)

    def _items(self, collection: str, account: int) -> Sequence[Row]:
        return [self.item(collection, account) for _ in range(self._dice.randrange(1, 4))]

    def _subscriptions(self, account: int) -> list[str]:
        rows = self._store.rows("subscriptions").values()
        return [row["id"] for row in rows if row["accountId"] == account]
