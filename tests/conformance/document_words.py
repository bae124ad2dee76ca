"""The columns of the tables of a case: which field of BSS each one is, and what a new record has where the table says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Field = tuple[str, Callable[[str], Any]]
FIRST_ACCOUNT = "Harbor Lights"
SECOND_ACCOUNT = "Lakeside Dental"
CONTACTS = {FIRST_ACCOUNT: "Ada Byron", SECOND_ACCOUNT: "Grace Byron"}
"""The primary contact of each account."""


def _named(value: str) -> Row:
    return {"name": value}


def _numbered(value: str) -> Row:
    return {"id": 1, "name": value}


def _coded(value: str) -> Row:
    return {"code": value}


def _flag(value: str) -> bool:
    return value == "yes"


_day = date.fromisoformat
FIELDS: Mapping[str, Mapping[str, Field]] = {
    "products": {
        "code": ("code", str),
        "name": ("name", str),
        "description": ("fullDescription", str),
        "type": ("productType", _numbered),
        "unit": ("unitOfMeasure", _named),
        "price": ("sellPrice", Decimal),
        "cost": ("costPrice", Decimal),
        "taxable": ("isTaxable", _flag),
        "active": ("isActivated", _flag),
    },
    "subscriptions": {
        "name": ("name", str),
        "quantity": ("quantity", int),
        "unit": ("unit", str),
        "price": ("sellPrice", Decimal),
        "cost": ("costPrice", Decimal),
        "start": ("startDate", _day),
        "end": ("endDate", _day),
        "cancelled": ("cancelledDate", _day),
        "status": ("status", str),
    },
    "orders": {
        "code": ("code", str),
        "status": ("status", _named),
        "date": ("orderDate", _day),
        "due": ("dueDate", _day),
        "description": ("description", str),
        "user": ("responsibleUser", _named),
        "currency": ("currency", _coded),
    },
    "invoices": {
        "code": ("code", str),
        "stage": ("stage", str),
        "type": ("type", str),
        "date": ("date", _day),
        "due": ("dueDate", _day),
        "description": ("description", str),
        "payment method": ("paymentMethod", _named),
        "currency": ("currency", _coded),
        "tax": ("taxAmount", Decimal),
    },
    "payments": {
        "method": ("paymentMethod", _numbered),
        "date": ("paymentDate", _day),
        "amount": ("amount", Decimal),
    },
    "items": {
        "quantity": ("quantity", Decimal),
        "price": ("finalPrice", Decimal),
        "cost": ("costPrice", Decimal),
        "total": ("finalTotal", Decimal),
        "cost total": ("costTotal", Decimal),
        "unit": ("unit", str),
        "description": ("description", str),
        "from": ("billingPeriodStart", _day),
        "to": ("billingPeriodEnd", _day),
    },
}
"""Columns that hold a plain value; those that name another record are read by the writer."""

REFERENCES: Mapping[str, Mapping[str, str]] = {
    "subscriptions": {"account": "accountId", "product": "product"},
    "orders": {"account": "accountId", "bill to": "billToAccountId", "contact": "contact"},
    "invoices": {"account": "accountId", "bill to": "billingAccountId"},
    "payments": {"invoice": "invoiceId", "account": "accountId"},
    "items": {"product": "product", "subscriptions": "subscriptions"},
}

USUAL: Mapping[str, Mapping[str, str]] = {
    "products": {"type": "Cloud Services", "unit": "License", "price": "1.00", "cost": "0.50"},
    "subscriptions": {
        "account": FIRST_ACCOUNT,
        "product": "MBX-50",
        "quantity": "1",
        "unit": "Month",
        "price": "4.20",
        "cost": "3.10",
        "start": "2026-01-01",
        "status": "Active",
    },
    "orders": {"account": FIRST_ACCOUNT, "status": "Completed", "date": "2026-04-15", "currency": "USD"},
    "invoices": {
        "account": FIRST_ACCOUNT,
        "stage": "Unpaid",
        "type": "Debit",
        "date": "2026-04-30",
        "due": "2026-05-30",
        "currency": "USD",
    },
    "payments": {"account": FIRST_ACCOUNT, "method": "Bank transfer", "date": "2026-05-10"},
    "items": {"product": "MBX-50"},
}
PRODUCTS = """
product   | name                 | type           | unit     | price | cost
MBX-50    | Cloud Mailbox 50 GB  | Cloud Services | License  | 4.20  | 3.10
BKP-TB    | Backup Storage, 1 TB | Backup         | Terabyte | 18.00 | 11.25
IAAS-PAYG | Compute consumption  | Infrastructure | Usage    | 1.00  | 0.87
"""
"""The products of every case."""
