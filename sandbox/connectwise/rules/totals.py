"""What the lines and payments of an order or an invoice come to, kept up line by line."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from sandbox.connectwise.rules.base import Rules
from sandbox.connectwise.rules.locks import INVOICES, LINE_PARENTS
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.sums import ZERO, Sums
from sandbox.connectwise.table import Row

PAYMENTS = "finance/invoices/payments"
CENT = Decimal("0.01")
_EXACT = Context(prec=200, rounding=ROUND_HALF_UP)
_NOTHING = Sums()


def amount_of(line: Row) -> Decimal:
    """Return what a product item adds to its document, to the cent; only billable ones add anything."""
    if line.get("billableOption") != "Billable":
        return ZERO
    quantity = Decimal(line.get("quantity") or 0) - Decimal(line.get("quantityCancelled") or 0)
    return _EXACT.quantize(_EXACT.multiply(quantity, Decimal(line.get("price") or 0)), CENT)


def totals_of(store: ConnectWiseStore, table: str, row: Row) -> dict[str, Any]:
    """Return the computed money fields of an order or an invoice."""
    sums = store.sums.get((table, row["id"]), _NOTHING)
    tax = _EXACT.quantize(_EXACT.multiply(sums.taxable, _tax_rate(store, row)), CENT)
    total = sums.billed + tax
    if table == INVOICES:
        return {
            "productTotal": sums.billed,
            "subtotal": sums.billed,
            "salesTax": tax,
            "total": total,
            "payments": sums.paid,
            "credits": sums.credited,
            "balance": total - sums.paid - sums.credited,
        }
    invoices = store.table(INVOICES).find("salesOrder/id", row["id"])
    return {
        "subTotal": sums.billed,
        "taxTotal": tax,
        "total": total,
        "productIds": list(sums.lines),
        "invoiceIds": [invoice["id"] for invoice in invoices],
    }


def count_line(rules: Rules, old: Row | None, new: Row | None) -> None:
    """Take a product item from the documents that it was on and add it to those that it is on."""
    for field, table in LINE_PARENTS.items():
        before, after = _id_at(old, field), _id_at(new, field)
        if old is not None and before is not None and before != after:
            _sums(rules, table, before).drop_line(old["id"])
            refresh(rules, table, before)
        if new is not None and after is not None:
            amount = amount_of(new)
            taxable = amount if new.get("taxableFlag") else ZERO
            _sums(rules, table, after).set_line(new["id"], amount, taxable)
            refresh(rules, table, after)


def count_payment(rules: Rules, payment: Row, *, gone: bool = False) -> None:
    """Add a payment to its invoice, in place of what it came to before, or take it away."""
    invoice = payment["invoice"]["id"]
    sums, amount = _sums(rules, INVOICES, invoice), Decimal(payment.get("amount") or 0)
    if gone:
        sums.drop_payment(payment["id"])
    elif payment.get("credit"):
        sums.set_payment(payment["id"], ZERO, amount)
    else:
        sums.set_payment(payment["id"], amount, ZERO)
    refresh(rules, INVOICES, invoice)


def refresh(rules: Rules, table: str, number: int) -> None:
    """Bring the computed fields of a document, and of its payments, up to date."""
    store = rules.store
    row = store.table(table).get(number)
    if row is None:
        return
    totals = totals_of(store, table, row)
    if row | totals != row:
        store.put(table, rules.touched(row) | totals)
    if table == INVOICES:
        balance, total = totals["balance"], totals["total"]
        shown = {"balance": balance, "invoiceBalance": balance, "invoiceTotal": total}
        for payment in store.table(PAYMENTS).find("invoice/id", number):
            store.put(PAYMENTS, payment | shown)


def _sums(rules: Rules, table: str, number: int) -> Sums:
    return rules.store.sums.setdefault((table, number), Sums())


def _id_at(line: Row | None, field: str) -> int | None:
    held = line.get(field) if line is not None else None
    return held["id"] if held else None


def _tax_rate(store: ConnectWiseStore, row: Row) -> Decimal:
    """Return the share of the taxable amount that the tax code of a document adds."""
    code = store.table("finance/taxCodes").get((row.get("taxCode") or {}).get("id", 0)) or {}
    if not code.get("levelOneProductsFlag") or code.get("levelOneRateType") == "Amount":
        return ZERO
    return Decimal(code.get("levelOneRate") or 0) / 100
