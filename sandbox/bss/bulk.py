"""Many invoices at once, for measurements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import cycle

from sandbox.bss.collections import Row
from sandbox.bss.store import BssStore
from sandbox.world.cloud import guid
from sandbox.world.seed import dice

FIRST_CODE = 100_001
LINES = 3


def add_invoices(
    store: BssStore, count: int, *, accounts: Sequence[int] | None = None, seed: int = 7
) -> list[str]:
    """Store `count` unpaid invoices of three items each and return their ids.

    They are billed to `accounts` by turns, all with a type and a currency unless given, and sell the coded and priced
    products of the tenant. The same seed gives the same invoices; their times are one millisecond apart and end now.
    Raise ValueError when there is no account or no product.
    """
    billed = [store.rows("accounts")[number] for number in accounts or _customers(store)]
    sold = [row for row in store.rows("products").values() if row["code"] and row["sellPrice"]]
    if not billed or not sold:
        raise ValueError("Invoices need an account with a type and a currency, and a product with a price.")
    chance = dice(seed, "many invoices")
    lines = [_line(product, quantity) for product in sold for quantity in (1, 3, 12)]
    totals = [line["finalTotal"] for line in lines]
    end, day = store.now(), store.now().date()
    ids = []
    for place, account in zip(range(count), cycle(billed), strict=False):
        chosen = [(place * LINES + step) % len(lines) for step in range(LINES)]
        at = end - timedelta(milliseconds=count - place - 1)
        row: Row = {
            "id": guid(chance),
            "code": f"{FIRST_CODE + place:06d}",
            "accountId": account["id"],
            "billingAccountId": account["id"],
            "billingAccountName": account["name"],
            "stage": "Unpaid",
            "type": "Debit",
            "date": day,
            "dueDate": day,
            "description": None,
            "paymentMethod": None,
            "currency": {"code": account["currencyCode"]},
            "totalAmount": sum((totals[number] for number in chosen), Decimal(0)),
            "taxAmount": Decimal(0),
            "items": [{**lines[number], "id": guid(chance)} for number in chosen],
            "createdAt": at,
            "updatedAt": at,
        }
        store.put("invoices", row)
        ids.append(row["id"])
    return ids


def _customers(store: BssStore) -> list[int]:
    return [row["id"] for row in store.rows("accounts").values() if row["typeId"] and row["currencyCode"]]


def _line(product: Row, quantity: int) -> Row:
    cost = product["costPrice"] or Decimal(0)
    return {
        "id": "",
        "product": {name: product[name] for name in ("id", "code", "name")},
        "productType": product["productType"],
        "unit": "Month",
        "quantity": quantity,
        "costPrice": cost,
        "finalPrice": product["sellPrice"],
        "costTotal": cost * quantity,
        "finalTotal": product["sellPrice"] * quantity,
        "billingPeriodStart": None,
        "billingPeriodEnd": None,
        "subscriptions": [],
    }
