"""Edits that lead a worker to one certain kind of write."""

from __future__ import annotations

from tests.fault.document_books import COLLECTIONS, INVOICES, ORDERS, Row
from tests.fault.document_edits import DocumentEditor
from tests.fault.document_expected import CLOSING, UNITS, is_pushed


class AimedDocumentEditor(DocumentEditor):
    """The editor of a run, with edits for the scenarios that stage what happens."""

    def change_pushed_item(self, invoice: str = "") -> str:
        """An item of an invoice that is in ConnectWise, or will be; the id of the invoice."""
        document = self._known(INVOICES, invoice) if invoice else self._some_pushed(INVOICES)
        self._change_item_of(INVOICES, document)
        return str(document["id"])

    def change_pushed_order_item(self) -> None:
        """The same of an order."""
        self._change_item_of(ORDERS, self._some_pushed(ORDERS))

    def change_pushed_order(self) -> None:
        """A field of an order that is no draft."""
        order = self._some_pushed(ORDERS)
        self._users.edit("orders", order["id"], {"description": self._new.named("Order of")})

    def change_pushed_invoice(self) -> None:
        """A field of an invoice that is no draft."""
        invoice = self._some_pushed(INVOICES)
        self._users.edit("invoices", invoice["id"], {"description": self._new.named("Services of")})

    def finish_order(self) -> None:
        """An item of an order changes, and the order is finished."""
        order = self._some_pushed(ORDERS)
        self._change_item_of(ORDERS, order)
        self._users.edit("orders", order["id"], {"status": {"name": CLOSING}})

    def reprice_product(self) -> None:
        """The price of a product whose catalog item is the flow's."""
        own = [row for row in self._books.of_bss("products") if row["code"] != self._known_code]
        self._users.edit("products", self._dice.choice(own)["id"], {"sellPrice": self._new.price()})

    def change_pushed_payment(self) -> None:
        """The amount of a payment of an invoice that is no draft."""
        pushed = {row["id"] for row in self._pushed()}
        rows = [row for row in self._books.of_bss("payments") if row["invoiceId"] in pushed]
        self._users.edit("payments", self._dice.choice(rows)["id"], {"amount": self._new.price()})

    def change_newest_payment(self) -> None:
        """The amount of the payment that was entered last."""
        newest = self._books.of_bss("payments")[-1]
        self._users.edit("payments", newest["id"], {"amount": self._new.price()})

    def change_newest_invoice(self) -> None:
        """An item and a field of the invoice that was made last."""
        newest = self._books.of_bss("invoices")[-1]
        self._change_item_of(INVOICES, newest)
        self._users.edit("invoices", newest["id"], {"description": self._new.named("Services of")})

    def change_newest_order(self) -> None:
        """The same of an order."""
        newest = self._books.of_bss("orders")[-1]
        self._change_item_of(ORDERS, newest)
        self._users.edit("orders", newest["id"], {"description": self._new.named("Order of")})

    def change_newest_subscription(self) -> None:
        """Quantity and price of the subscription that was made last."""
        newest = self._books.of_bss("subscriptions")[-1]
        changes = {"quantity": self._new.quantity() + 10, "sellPrice": self._new.price()}
        self._users.edit("subscriptions", newest["id"], changes)

    def swap_unit(self) -> None:
        """The other unit: the addition ends and another one begins."""
        subscription = self._dice.choice(self._live())
        other = next(unit for unit in UNITS if unit != subscription["unit"])
        self._users.edit("subscriptions", subscription["id"], {"unit": other})

    def _some_pushed(self, table: str) -> Row:
        return self._dice.choice([row for row in self._all_open(table) if is_pushed(row)])

    def _known(self, table: str, number: str) -> Row:
        return next(row for row in self._books.of_bss(COLLECTIONS[table]) if row["id"] == number)
