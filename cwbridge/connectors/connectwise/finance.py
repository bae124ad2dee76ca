"""Records of ConnectWise PSA that money hangs on: sales orders, invoices, payments, agreements and additions.

As in `models`: the fields that are read, spelled as the specification spells them; numbers are exact decimals. Days come as moments, at
midnight in UTC. Totals are computed by ConnectWise. Source: ConnectWise specification 2026.4.
"""
# ruff: noqa: N815 - the API's own spelling, the same as in drafts, conditions and changes

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cwbridge.connectors.connectwise.models import Moment, Reference, Tracked


class Order(Tracked, frozen=True, kw_only=True):
    """A sales order; its lines are product items that refer to it."""

    poNumber: str | None = None
    company: Reference | None = None
    billToCompany: Reference | None = None
    contact: Reference | None = None
    status: Reference | None = None
    salesRep: Reference | None = None
    orderDate: Moment | None = None
    dueDate: Moment | None = None
    billingTerms: Reference | None = None
    taxCode: Reference | None = None
    currency: Reference | None = None
    location: Reference | None = None
    department: Reference | None = None
    description: str | None = None
    notes: str | None = None
    subTotal: Decimal | None = None
    total: Decimal | None = None


class OrderStatus(Tracked, frozen=True, kw_only=True):
    """A status of sales orders; `closedFlag` ends an order."""

    name: str = ""
    closedFlag: bool | None = None
    inactiveFlag: bool | None = None
    defaultFlag: bool | None = None


class InvoiceStatusReference(Reference, frozen=True):
    """The status of an invoice, with whether it closes the invoice."""

    isClosed: bool | None = None


class Invoice(Tracked, frozen=True, kw_only=True):
    """An invoice; its lines are product items that refer to it. One with a `glBatch` was handed over to accounting."""

    invoiceNumber: str | None = None
    type: str | None = None
    reference: str | None = None
    status: InvoiceStatusReference | None = None
    company: Reference | None = None
    billToCompany: Reference | None = None
    date: Moment | None = None
    dueDate: Moment | None = None
    billingTerms: Reference | None = None
    taxCode: Reference | None = None
    currency: Reference | None = None
    locationId: int | None = None
    departmentId: int | None = None
    topComment: str | None = None
    taxableFlag: bool | None = None
    subtotal: Decimal | None = None
    total: Decimal | None = None
    salesTax: Decimal | None = None
    glBatch: Reference | None = None
    closedBy: str | None = None


class InvoiceStatus(Tracked, frozen=True, kw_only=True):
    """A billing status, which is what the API calls the statuses of invoices."""

    name: str = ""
    closedFlag: bool | None = None
    inactiveFlag: bool | None = None
    defaultFlag: bool | None = None


class InvoicePayment(Tracked, frozen=True, kw_only=True):
    """A payment of one invoice; `appliedBy` is free text that not every server keeps."""

    type: str | None = None
    amount: Decimal | None = None
    paymentDate: Moment | None = None
    appliedBy: str | None = None


class Agreement(Tracked, frozen=True, kw_only=True):
    """A contract that is billed by the cycle of its type."""

    name: str = ""
    type: Reference | None = None
    company: Reference | None = None
    contact: Reference | None = None
    startDate: Moment | None = None
    endDate: Moment | None = None
    billStartDate: Moment | None = None
    cancelledFlag: bool | None = None
    agreementStatus: str | None = None


class AgreementType(Tracked, frozen=True, kw_only=True):
    name: str = ""
    inactiveFlag: bool | None = None


class CustomField(msgspec.Struct, frozen=True):
    """A value of a custom field; `id` is that of its definition."""

    id: int
    caption: str | None = None
    value: Any = None


class Addition(Tracked, frozen=True, kw_only=True):
    """A product that an agreement charges for in every cycle; from `cancelledDate` on it is not charged."""

    product: Reference | None = None
    quantity: Decimal | None = None
    unitPrice: Decimal | None = None
    unitCost: Decimal | None = None
    billCustomer: str | None = None
    effectiveDate: Moment | None = None
    cancelledDate: Moment | None = None
    description: str | None = None
    customFields: list[CustomField] | None = None


class BillingTerm(Tracked, frozen=True, kw_only=True):
    name: str = ""


class TaxCode(Tracked, frozen=True, kw_only=True):
    """A tax code; its short name is `identifier`, its label `description`."""

    identifier: str = ""
    description: str = ""
