"""What another user of BSS does over the control interface, where ids come as text."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.bss.bulk import add_invoices
from sandbox.bss.collections import COLLECTIONS, Row
from sandbox.bss.items import WITH_ITEMS, changed_item, new_item, summed
from sandbox.bss.store import BssStore
from sandbox.bss.values import typed


class BssUser:
    """Adds, edits and deletes records of a store without the checks of the API; every change moves `updatedAt`.

    The items of a document are a table of their own, `invoices/{id}/items`: its totals follow them. Raises KeyError for
    what does not exist and ValueError for an unknown field.
    """

    def __init__(self, store: BssStore) -> None:
        self._store = store

    def add(self, table: str, fields: dict[str, Any]) -> int | str:
        """Make a record and return its id; items of a document may lie in it, their products and subscriptions by id."""
        collection, document = _place(table)
        if document:
            return self._add_item(collection, document, fields)
        fields = typed(fields)
        if collection in WITH_ITEMS:
            fields["items"] = [new_item(self._store, collection, item) for item in fields.get("items") or ()]
        if collection == "invoices":
            fields = self._billed(fields)
        row = self._store.add(collection, **fields)
        if collection in WITH_ITEMS and "totalAmount" not in fields:
            row = self._store.put(collection, summed(collection, row))
        number: int | str = row["id"]
        return number

    def show(self, table: str, number: int | str) -> dict[str, Any]:
        """The record as stored."""
        collection, document = _place(table)
        if document:
            return self._items(collection, document)[str(number)]
        return self._store.rows(table)[_id(table, number)]

    def edit(self, table: str, number: int | str, fields: dict[str, Any]) -> None:
        """Change a record; other tax changes the total of its invoice."""
        collection, document = _place(table)
        if document:
            items = self._items(collection, document)
            item = changed_item(self._store, collection, items[str(number)], fields)
            self._set_items(collection, document, items | {str(number): item})
            return
        row = self._store.edit(table, _id(table, number), **typed(fields))
        if "taxAmount" in fields and "totalAmount" not in fields:
            self._store.put(table, summed(table, row))

    def remove(self, table: str, number: int | str) -> None:
        """Let a record vanish, or an item of a document."""
        collection, document = _place(table)
        if document:
            items = self._items(collection, document)
            del items[str(number)]
            self._set_items(collection, document, items)
            return
        self._store.remove(table, _id(table, number))

    def pay(
        self,
        invoice: str,
        amount: Decimal | None = None,
        *,
        day: date | None = None,
        method: str = "Bank transfer",
    ) -> str:
        """Pay an invoice, all of it unless an amount is given; return the id of the payment."""
        billed = self._store.rows("invoices")[invoice]
        return str(
            self.add(
                "payments",
                {
                    "accountId": billed["accountId"],
                    "invoiceId": invoice,
                    "paymentMethod": {"id": 1, "name": method},
                    "paymentDate": day or self._store.now().date(),
                    "amount": billed["totalAmount"] if amount is None else amount,
                },
            )
        )

    def cancel(self, subscription: str, day: date | None = None) -> None:
        """Cancel a subscription on a day, today unless it is given."""
        self.edit(
            "subscriptions",
            subscription,
            {"status": "Cancelled", "cancelledDate": day or self._store.now().date()},
        )

    def add_invoices(self, count: int, accounts: list[int] | None = None, seed: int = 7) -> None:
        """Make many invoices of three items each; raise ValueError when the tenant has nobody to bill."""
        add_invoices(self._store, count, accounts=accounts, seed=seed)

    def _billed(self, fields: Row) -> Row:
        """An invoice is billed to its own account unless it says otherwise, and shows the name of that account."""
        billed_to = fields.get("billingAccountId") or fields.get("accountId")
        account = self._store.rows("accounts").get(billed_to)
        name = account["name"] if account else None
        usual = {"billingAccountName": name, "taxAmount": Decimal(0)}
        return usual | fields | {"billingAccountId": billed_to}

    def _add_item(self, collection: str, document: str, fields: Row) -> str:
        item = new_item(self._store, collection, fields)
        number: str = item["id"]
        self._set_items(collection, document, self._items(collection, document) | {number: item})
        return number

    def _items(self, collection: str, document: str) -> dict[str, Row]:
        return {item["id"]: item for item in self._store.rows(collection)[document]["items"]}

    def _set_items(self, collection: str, document: str, items: dict[str, Row]) -> None:
        row = self._store.edit(collection, document, items=list(items.values()))
        self._store.put(collection, summed(collection, row))


def _id(table: str, number: int | str) -> int | str:
    return number if COLLECTIONS[table].guids else int(number)


def _place(table: str) -> tuple[str, str]:
    """Return the collection and the document whose items are meant: `invoices/{id}/items`."""
    collection, _, rest = table.partition("/")
    document, _, items = rest.partition("/")
    if collection in WITH_ITEMS and items == "items":
        return collection, document
    return table, ""
