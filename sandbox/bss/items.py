"""The items of orders and invoices: made complete, changed, and summed up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sandbox.bss.collections import Row
from sandbox.bss.store import BssStore
from sandbox.bss.values import cents, typed

WITH_ITEMS = frozenset({"orders", "invoices"})
ORDER_ITEM = frozenset(
    {"id", "product", "quantity", "finalPrice", "costPrice", "finalTotal", "costTotal", "unit", "description"}
)
INVOICE_ITEM = frozenset(
    {
        "id",
        "product",
        "productType",
        "unit",
        "quantity",
        "costPrice",
        "finalPrice",
        "costTotal",
        "finalTotal",
        "billingPeriodStart",
        "billingPeriodEnd",
        "subscriptions",
    }
)
FIELDS: Mapping[str, frozenset[str]] = {"orders": ORDER_ITEM, "invoices": INVOICE_ITEM}
NO_TOTAL: Row = {"finalTotal": None, "costTotal": None}


def new_item(store: BssStore, collection: str, given: Row) -> Row:
    """Return a complete item; `product` is the id of one, `subscriptions` are ids.

    Totals that are not given are quantity times price in cents; an invoice item without a quantity counts those of its
    subscriptions, and one piece without any. Raise KeyError for what does not exist, ValueError for an unknown field.
    """
    blank: Row = {name: None for name in sorted(FIELDS[collection]) if name != "quantity"}
    blank |= {"finalPrice": Decimal(0), "costPrice": Decimal(0), "unit": "Month"}
    if collection == "orders":
        blank["quantity"] = 1
    else:
        blank["subscriptions"] = []
    return _totalled(blank | {"id": str(uuid4())} | _read(store, collection, given))


def changed_item(store: BssStore, collection: str, item: Row, given: Row) -> Row:
    """Return an item with other values; its totals follow unless they are given."""
    known = _read(store, collection, given)
    moved = known.keys() & {"quantity", "finalPrice", "costPrice", "subscriptions"}
    return _totalled(item | (NO_TOTAL if moved else {}) | known)


def summed(collection: str, row: Row) -> Row:
    """Return a document whose total is that of its items, and of its tax where it has one."""
    net = cents(sum((item["finalTotal"] for item in row["items"]), Decimal(0)))
    return row | {"totalAmount": net + row["taxAmount"] if collection == "invoices" else net}


def _read(store: BssStore, collection: str, given: Row) -> Row:
    unknown = given.keys() - FIELDS[collection]
    if unknown:
        raise ValueError(f"An item of {collection} has no field {', '.join(sorted(unknown))}.")
    known = typed(given)
    if isinstance(known.get("product"), str):
        product = store.rows("products")[known["product"]]
        known["product"] = {name: product[name] for name in ("id", "code", "name")}
        if collection == "invoices":
            known["productType"] = product["productType"]
    if "subscriptions" in known:
        known["subscriptions"] = [_subscription(store, one) for one in known["subscriptions"] or ()]
    return known


def _subscription(store: BssStore, given: Any) -> Row:
    if not isinstance(given, str):
        return dict(given)
    held = store.rows("subscriptions")[given]
    return {name: held[name] for name in ("id", "name", "quantity")}


def _totalled(item: Row) -> Row:
    """An invoice item that has no quantity lacks the field."""
    item = {name: value for name, value in item.items() if name != "quantity" or value is not None}
    counted = sum(one["quantity"] for one in item.get("subscriptions") or ())
    quantity = item.get("quantity", counted or 1)
    for total, price in (("finalTotal", "finalPrice"), ("costTotal", "costPrice")):
        if item[total] is None:
            item[total] = cents(Decimal(str(quantity)) * item[price])
    return item
