"""Products, orders, invoices, payments and subscriptions of interworks.cloud BSS: the fields that are read.

Ids are GUIDs in lower case, or numbers as text. Amounts are exact decimals in the currency of the document; dates are days. The shapes
are assumed after public samples (docs/bss.md).
"""
# ruff: noqa: N815 - the API's own spelling, the same as in drafts, filters and patches

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from cwbridge.connectors.bss.models import NamedLink, Row
from cwbridge.connectors.bss.reading import DocumentId
from cwbridge.connectors.records import Record, Referring

if TYPE_CHECKING:
    LinkedId = DocumentId
else:
    # A Record turns a reference without an id into None, so that code that holds a reference holds an id.
    LinkedId = DocumentId | None

Day = date
"""A field of a record may be called `date`, which hides the type."""


class Document(Row, frozen=True, kw_only=True):
    """A row whose id is a GUID or a number, as text."""

    id: DocumentId

    @property
    def record_id(self) -> str:
        return self.id


class DocumentLink(Referring, frozen=True):
    """Another document by its id."""

    id: LinkedId = DocumentId("")


class ProductLink(DocumentLink, frozen=True):
    """A product as items and subscriptions name it."""

    code: str | None = None
    name: str | None = None


class Named(msgspec.Struct, frozen=True):
    """A row of a set-up table by its name, which is what the settings map."""

    name: str | None = None


class Coded(msgspec.Struct, frozen=True):
    """A currency by its ISO code."""

    code: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True):
    """How a customer pays."""

    id: str | None = None
    name: str | None = None


class Product(Document, frozen=True, kw_only=True):
    """What is sold."""

    code: str | None = None
    name: str | None = None
    fullDescription: str | None = None
    productType: Named | None = None
    unitOfMeasure: Named | None = None
    isTaxable: bool | None = None
    isActivated: bool | None = None
    sellPrice: Decimal | None = None
    costPrice: Decimal | None = None


class OrderItem(Record, frozen=True, kw_only=True):
    """One line of an order."""

    id: DocumentId
    product: ProductLink | None = None
    quantity: Decimal | None = None
    finalPrice: Decimal | None = None
    costPrice: Decimal | None = None
    finalTotal: Decimal | None = None
    costTotal: Decimal | None = None
    description: str | None = None


class Order(Document, frozen=True, kw_only=True):
    """What a customer has ordered; `items` is None in lists of tenants that show them at the single order only."""

    code: str | None = None
    account: NamedLink | None = None
    billToAccountId: int | None = None
    contact: NamedLink | None = None
    status: Named | None = None
    orderDate: Day | None = None
    dueDate: Day | None = None
    description: str | None = None
    responsibleUser: Named | None = None
    currency: Coded | None = None
    items: list[OrderItem] | None = None


class CountedSubscription(Record, frozen=True, kw_only=True):
    """A subscription that an item of an invoice charges, with its quantity."""

    id: DocumentId
    name: str | None = None
    quantity: Decimal | None = None


class InvoiceItem(Record, frozen=True, kw_only=True):
    """One line of an invoice; without a `quantity` of its own its subscriptions are counted."""

    id: DocumentId
    product: ProductLink | None = None
    unit: str | None = None
    quantity: Decimal | None = None
    costPrice: Decimal | None = None
    finalPrice: Decimal | None = None
    costTotal: Decimal | None = None
    finalTotal: Decimal | None = None
    billingPeriodStart: Day | None = None
    billingPeriodEnd: Day | None = None
    subscriptions: list[CountedSubscription] | None = None


class Invoice(Document, frozen=True, kw_only=True):
    """What a customer is charged; `stage` is Draft, Unpaid or Paid, `type` Debit or Credit. `items` as those of an order."""

    code: str | None = None
    accountId: int | None = None
    billingAccountId: int | None = None
    stage: str | None = None
    type: str | None = None
    date: Day | None = None
    dueDate: Day | None = None
    description: str | None = None
    paymentMethod: PaymentMethod | None = None
    currency: Coded | None = None
    taxAmount: Decimal | None = None
    items: list[InvoiceItem] | None = None


class Payment(Document, frozen=True, kw_only=True):
    """What a customer has paid for an invoice, or on account."""

    accountId: int | None = None
    invoiceId: DocumentId | None = None
    paymentMethod: PaymentMethod | None = None
    paymentDate: Day | None = None
    amount: Decimal | None = None


class Subscription(Document, frozen=True, kw_only=True):
    """What a customer uses and is charged for in each `unit` (Month, Annual); `status` is Active, In-Active or Cancelled."""

    name: str | None = None
    account: NamedLink | None = None
    product: ProductLink | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    sellPrice: Decimal | None = None
    costPrice: Decimal | None = None
    startDate: Day | None = None
    endDate: Day | None = None
    cancelledDate: Day | None = None
    status: str | None = None
