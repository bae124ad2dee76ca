"""The records of a distributor of cloud services that bills in BSS: plain frozen data without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Unit = Literal["Month", "Annual"]
Stage = Literal["Draft", "Unpaid", "Paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAddress:
    """An address of an account; an account has one billing address at most."""

    id: str
    address1: str
    address2: str | None
    city: str | None
    post_code: str | None
    state_code: str | None
    state_name: str | None
    country_code: str
    country_name: str
    billing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer, reseller or prospect of the distributor; `type` is a name, `currency` an ISO code."""

    id: int
    name: str
    code: str | None
    type: str | None
    currency: str | None
    phone: str | None
    fax: str | None
    website: str | None
    email: str | None
    parent_id: int | None
    taxable: bool
    addresses: tuple[AccountAddress, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountContact:
    """A person at an account."""

    id: int
    account_id: int
    first_name: str
    last_name: str | None
    job_title: str | None
    email: str | None
    phone: str | None
    mobile_phone: str | None
    fax: str | None
    primary: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudProduct:
    """What the distributor sells; prices are those of the default price list, in euros."""

    id: str
    code: str | None
    name: str
    full_description: str | None
    product_type: str
    unit_of_measure: str | None
    taxable: bool
    activated: bool
    sell_price: Decimal | None
    cost_price: Decimal | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A product that an account has by the month or by the year."""

    id: str
    name: str
    account_id: int
    product: CloudProduct
    quantity: int
    unit: Unit
    sell_price: Decimal
    cost_price: Decimal
    start: date
    end: date | None
    cancelled: date | None
    status: Literal["Active", "In-Active", "Cancelled"]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """A line of an order."""

    id: str
    product: CloudProduct
    quantity: int
    unit: Unit
    price: Decimal
    cost: Decimal
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order of an account; `repeats` is the id of the earlier order of this account whose code it has."""

    id: str
    code: str
    account_id: int
    bill_to_account_id: int
    contact_id: int | None
    status: str
    ordered: date
    due: date | None
    description: str | None
    responsible_user: str | None
    currency: str
    items: tuple[OrderItem, ...]
    created_at: datetime
    updated_at: datetime
    repeats: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceItem:
    """A line of an invoice; without a quantity of its own it counts those of its subscriptions."""

    id: str
    product: CloudProduct
    unit: Unit
    quantity: int | None
    price: Decimal
    cost: Decimal
    total: Decimal
    cost_total: Decimal
    begins: date
    ends: date
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice or a credit note; the total includes the tax."""

    id: str
    code: str
    account_id: int
    billing_account_id: int
    stage: Stage
    type: Literal["Debit", "Credit"]
    day: date
    due: date
    description: str | None
    payment_method: str | None
    currency: str
    total: Decimal
    tax: Decimal
    items: tuple[InvoiceItem, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that came in, or went back when the amount is negative; some belong to no invoice."""

    id: str
    account_id: int
    invoice_id: str | None
    payment_method: str
    day: date
    amount: Decimal
    transaction_id: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """Everything that the distributor bills."""

    accounts: tuple[Account, ...] = ()
    contacts: tuple[AccountContact, ...] = ()
    products: tuple[CloudProduct, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    orders: tuple[Order, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()
