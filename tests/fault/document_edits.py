"""What other users do with documents in BSS and ConnectWise while everything breaks: seeded, and never so that one must be refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.server import Sandbox
from tests.fault.document_books import COLLECTIONS, INVOICES, ORDERS, DocumentBooks, cents
from tests.fault.document_expected import CLOSING, DRAFT, ORDER_STATUSES, UNITS, is_live, is_pushed
from tests.fault.document_newcomers import DocumentNewcomers
from tests.fault.document_strangers import DocumentStrangers
from tests.fault.document_users import DocumentUsers
from tests.fault.foreign import Foreign
from tests.fault.part import SeededEditor

Row = dict[str, Any]
MOST = {"products": 14, "orders": 24, "invoices": 36, "payments": 40, "subscriptions": 24}
_AT_START = {"subscriptions": 10, "orders": 8, "invoices": 12, "payments": 10}
_PRODUCTS_AT_START = 7
_MOST_ITEMS = 6
_NEXT_STAGE = {DRAFT: "Unpaid", "Unpaid": "Paid"}
_OPEN_STATUSES = tuple(name for name in ORDER_STATUSES if name != CLOSING)
# Longer than it takes until a save is visible and a run that had read the state before it has ended.
_CALM_SECONDS = 6.0


class DocumentEditor(SeededEditor):
    """Edits documents; accounts and contacts are edited by the editor of the billing part."""

    def __init__(
        self,
        box: Sandbox,
        seed: int,
        *,
        books: DocumentBooks,
        foreign: Foreign,
        is_right: Callable[[str, Row], bool],
        keeps_identities: bool = False,
    ) -> None:
        super().__init__(
            seed,
            (
                (16, DocumentEditor.change_item),
                (9, DocumentEditor.add_item),
                (7, DocumentEditor.remove_item),
                (5, DocumentEditor.change_invoice),
                (4, DocumentEditor.change_order),
                (7, DocumentEditor.change_stage),
                (4, DocumentEditor.change_status),
                (6, DocumentEditor.new_invoice),
                (4, DocumentEditor.new_order),
                (6, DocumentEditor.new_payment),
                (3, DocumentEditor.new_equal_payments),
                (7, DocumentEditor.change_payment),
                (4, DocumentEditor.new_subscription),
                (9, DocumentEditor.change_subscription),
                (3, DocumentEditor.change_unit),
                (3, DocumentEditor.cancel_subscription),
                (2, DocumentEditor.new_product),
                (6, DocumentEditor.change_product),
                (4, DocumentEditor.foreign_line),
                (3, DocumentEditor.foreign_payment),
                (4, DocumentEditor.foreign_field),
                (2, DocumentEditor.close_invoice),
            ),
        )
        self._books = books
        self._is_right = is_right
        self._keeps_identities = keeps_identities
        self._users = DocumentUsers(box, self._dice)
        self._new = DocumentNewcomers(box, self._users, self._dice)
        self._strangers = DocumentStrangers(box, books, foreign, self._dice)
        self._accounts: list[int] = [row["id"] for row in books.of_bss("accounts")]
        self._finished: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        """The documents that are there before the daemon starts; one product is in the catalog of ConnectWise already."""
        self._known_code = self._strangers.known_product()
        self._new.product(code=self._known_code)
        for _ in range(_PRODUCTS_AT_START):
            self._new.product()
        begins = {
            "subscriptions": self.begin_subscription,
            "orders": self.begin_order,
            "invoices": self.begin_invoice,
            "payments": self.begin_payment,
        }
        for collection, times in _AT_START.items():
            for _ in range(times):
                begins[collection]()

    # Items

    def change_item(self) -> None:
        """Quantity or price of an item of an order or invoice."""
        table = self._dice.choice((ORDERS, INVOICES, INVOICES))
        self._change_item_of(table, self._open(table))

    def add_item(self) -> None:
        table = self._dice.choice((ORDERS, INVOICES))
        document = self._open(table)
        if len(document["items"]) < _MOST_ITEMS:
            collection = COLLECTIONS[table]
            item = self._new.item(collection, document["accountId"])
            self._users.add_item(collection, document["id"], item)

    def remove_item(self) -> None:
        table = self._dice.choice((ORDERS, INVOICES))
        document = self._open(table)
        if len(document["items"]) > 1:
            # By the items of its lines a document is known again once Redis has forgotten its link.
            item = self._dice.choice(document["items"][self._keeps_identities :])
            self._users.remove_item(COLLECTIONS[table], document["id"], item["id"])

    # Headers

    def change_invoice(self) -> None:
        """A field of an invoice itself."""
        changes = {"description": self._new.named("Services of"), "dueDate": self._new.day()}
        self._users.edit("invoices", self._open(INVOICES)["id"], self._one_of(changes))

    def change_order(self) -> None:
        """A field of an order itself."""
        changes = {"description": self._new.named("Order of"), "dueDate": self._new.day()}
        self._users.edit("orders", self._open(ORDERS)["id"], self._one_of(changes))

    def change_stage(self) -> None:
        """A draft is sent, what was sent is paid."""
        open_rows = [row for row in self._all_open(INVOICES) if row["stage"] in _NEXT_STAGE]
        if open_rows:
            invoice = self._dice.choice(open_rows)
            self._users.edit("invoices", invoice["id"], {"stage": _NEXT_STAGE[invoice["stage"]]})

    def change_status(self) -> None:
        """The status of an order; one that closes ends its edits."""
        order = self._open(ORDERS)
        closes = is_pushed(order) and len(self._all_open(ORDERS)) > 3 and self._dice.random() < 0.3
        status = CLOSING if closes else self._dice.choice(_OPEN_STATUSES)
        self._users.edit("orders", order["id"], {"status": {"name": status}})

    # New records

    def new_invoice(self) -> None:
        self._if_room("invoices", self.begin_invoice)

    def begin_invoice(self) -> str:
        stage = self._dice.choice((DRAFT, "Unpaid", "Unpaid", "Paid"))
        return self._new.invoice(self._account(), stage)

    def begin_sent_invoice(self) -> str:
        """An invoice that is pushed at once."""
        return self._new.invoice(self._account(), "Unpaid")

    def new_order(self) -> None:
        self._if_room("orders", self.begin_order)

    def begin_order(self) -> str:
        return self._new.order(self._account(), self._dice.choice((DRAFT, *_OPEN_STATUSES, *_OPEN_STATUSES)))

    def begin_placed_order(self) -> str:
        """An order that is pushed at once."""
        return self._new.order(self._account(), self._dice.choice(_OPEN_STATUSES))

    def new_payment(self) -> None:
        self._if_room("payments", self.begin_payment)

    def begin_payment(self) -> str:
        return self._new.payment(self._dice.choice(self._books.of_bss("invoices"))["id"])

    def begin_payment_of_pushed(self) -> str:
        """A payment that is pushed at once."""
        return self._new.payment(self._dice.choice(self._pushed())["id"])

    def new_equal_payments(self) -> None:
        self._if_room("payments", self.begin_equal_payments)

    def begin_equal_payments(self) -> None:
        """Two payments of one invoice, amount and day."""
        invoice = self._dice.choice(self._pushed())["id"]
        amount, day = self._new.price(), self._new.day()
        for _ in range(2):
            self._new.payment(invoice, amount=amount, on=day)

    def new_subscription(self) -> None:
        self._if_room("subscriptions", self.begin_subscription)

    def begin_subscription(self) -> str:
        return self._new.subscription(self._account())

    def begin_customer(self) -> None:
        """An account with a subscription: its agreement has to be made."""
        self._new.subscription(self._new.customer())

    def new_product(self) -> None:
        self._if_room("products", self.begin_product)

    def begin_product(self) -> str:
        return self._new.product()

    # Payments, subscriptions, products

    def change_payment(self) -> None:
        """Amount or day of a payment."""
        payment = self._dice.choice(self._books.of_bss("payments"))
        changes = {"amount": self._new.price(), "paymentDate": self._new.day()}
        self._users.edit("payments", payment["id"], self._one_of(changes))

    def change_subscription(self) -> None:
        """Quantity or prices."""
        changes = {"quantity": self._new.quantity() + 10, "sellPrice": self._new.price()}
        self._edit_subscription(self._one_of(changes))

    def change_unit(self) -> None:
        """Another unit or product: the addition ends and another one begins."""
        if self._dice.random() < 0.3:
            self._edit_subscription({"product": self._new.sold()})
        else:
            self._edit_subscription({"unit": self._dice.choice(list(UNITS))})

    def cancel_subscription(self) -> None:
        end = datetime.now(UTC).date() + timedelta(days=self._dice.randrange(1, 60))
        if len(self._live()) > 3:
            cancelled = {"status": "Cancelled", "cancelledDate": end}
            inactive = {"status": "In-Active", "endDate": end}
            self._edit_subscription(self._dice.choice((cancelled, cancelled, inactive)))

    def change_product(self) -> None:
        """Name, price, or whether it is sold."""
        product = self._dice.choice(self._books.of_bss("products"))
        changes = {
            "name": self._new.named("Renamed product"),
            "sellPrice": self._new.price(),
            "isActivated": not product["isActivated"],
        }
        self._users.edit("products", product["id"], self._one_of(changes))

    # Other members of ConnectWise

    def foreign_line(self) -> None:
        """A line of another member on an order or invoice of the flow."""
        table = self._dice.choice((ORDERS, INVOICES))
        self._strangers.line(table, self._all_open(table))

    def foreign_payment(self) -> None:
        """A payment that another member entered."""
        self._strangers.payment(self._all_open(INVOICES))

    def foreign_field(self) -> None:
        """A field that is none of the flow's business."""
        table = self._dice.choice((ORDERS, INVOICES))
        self._strangers.field(table, self._all_open(table))

    def close_invoice(self) -> None:
        """A paid invoice is closed or batched in ConnectWise, and nobody edits it any more."""
        before = datetime.now(UTC) - timedelta(seconds=_CALM_SECONDS)
        fitting = [
            row
            for row in self._all_open(INVOICES)
            if row["stage"] == "Paid" and row["updatedAt"] < before and self._is_right(INVOICES, row)
        ]
        if fitting and len(self._all_open(INVOICES)) > 4:
            invoice = self._dice.choice(fitting)
            self._finished.add(invoice["id"])
            self._strangers.close(invoice)

    def _change_item_of(self, table: str, document: Row) -> None:
        item = self._dice.choice(document["items"])
        quantity = item.get("quantity")
        changes: Row = {"finalPrice": self._new.price(), "costPrice": self._new.price()}
        if quantity is not None and cents(Decimal(quantity) * item["finalPrice"]) != item["finalTotal"]:
            changes = {"finalTotal": self._new.price(), "costTotal": self._new.price()}
        elif quantity is not None and self._dice.random() < 0.5:
            changes = {"quantity": self._dice.choice([one for one in range(1, 9) if one != quantity])}
        self._users.edit_item(COLLECTIONS[table], document["id"], item["id"], changes)

    def _edit_subscription(self, changes: Row) -> None:
        self._users.edit("subscriptions", self._dice.choice(self._live())["id"], changes)

    def _live(self) -> list[Row]:
        return [row for row in self._books.of_bss("subscriptions") if is_live(row)]

    def _pushed(self) -> list[Row]:
        return [row for row in self._books.of_bss("invoices") if is_pushed(row)]

    def _open(self, table: str) -> Row:
        return self._dice.choice(self._all_open(table))

    def _all_open(self, table: str) -> list[Row]:
        """The documents that may still be edited."""
        rows = self._books.of_bss(COLLECTIONS[table])
        if table == ORDERS:
            return [row for row in rows if row["status"]["name"] != CLOSING]
        return [row for row in rows if row["id"] not in self._finished]

    def _account(self) -> int:
        return self._dice.choice(self._accounts)

    def _one_of(self, changes: Row) -> Row:
        name = self._dice.choice(list(changes))
        return {name: changes[name]}

    def _if_room(self, collection: str, begin: Callable[[], object]) -> None:
        if len(self._books.of_bss(collection)) < MOST[collection]:
            begin()
