"""The settings that shape products, orders, invoices, payments and subscriptions, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import msgspec

from cwbridge.text import folded
from worker.billing.keys import DocumentNoun
from worker.billing.name_map import NameMap
from worker.billing.settings import BillingSettings
from worker.psa.records import Billable

_DEFAULT = "*"


class ProductPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where catalog items belong, by the names of set-up tables."""

    category: str
    subcategory: str
    type: str


class ProductRules(msgspec.Struct, frozen=True, kw_only=True):
    """Where products belong: `rows` by the folded name of their type, else `place`."""

    place: ProductPlace
    rows: Mapping[str, ProductPlace]
    unit_of_measure: str
    units_of_measure: NameMap

    def place_of(self, product_type: str) -> ProductPlace:
        """The place of the products of that type."""
        return self.rows.get(folded(product_type), self.place)

    def unit_of(self, unit: str) -> str:
        """The unit of measure of ConnectWise."""
        return self.units_of_measure.to_psa(unit) or self.unit_of_measure


class OrderRules(msgspec.Struct, frozen=True, kw_only=True):
    """`status` and `sales_representative` are None where the setting is not set."""

    status: str | None
    statuses: NameMap
    sales_representative: str | None
    users: NameMap
    skipped_statuses: frozenset[str]
    """Folded."""


class InvoiceRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which invoices are pushed, and as what."""

    type: str
    statuses: NameMap
    skipped_stages: frozenset[str]
    """Folded."""


class PaymentRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which type a payment gets by its method."""

    type: str
    types: NameMap
    credit_card_method: str | None
    """Its id or name."""
    credit_card_type: str

    def type_of(self, method_id: str, method_name: str) -> str:
        """The type by the credit card method, else by the row of the method's name, else the default."""
        card = folded(self.credit_card_method)
        if card and card in {folded(method_id), folded(method_name)}:
            return self.credit_card_type
        return self.types.to_psa(method_name) or self.type


class SubscriptionRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which agreement takes a subscription, and how its addition is billed and found."""

    agreement_types: NameMap
    create_agreements: bool
    billable: Billable
    id_field: str
    name_field: str


class DocumentRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is pushed, and the rules of each kind of document."""

    pushed: frozenset[str]
    billable: Billable
    """Of the items of orders and invoices."""
    location: str | None
    department: str | None
    billing_terms: NameMap
    tax_code: str | None
    """The default tax code; BSS has none of its own."""
    products: ProductRules
    orders: OrderRules
    invoices: InvoiceRules
    payments: PaymentRules
    subscriptions: SubscriptionRules

    @classmethod
    def of(cls, chosen: BillingSettings) -> Self:
        return cls(
            pushed=frozenset(chosen.push),
            billable=chosen.billable_option,
            location=chosen.location,
            department=chosen.department,
            billing_terms=NameMap.of(chosen.billing_terms),
            tax_code=NameMap.of(chosen.tax_codes).to_psa(_DEFAULT),
            products=_products(chosen),
            orders=OrderRules(
                status=chosen.order_status,
                statuses=NameMap.of(chosen.order_statuses),
                sales_representative=chosen.sales_representative,
                users=NameMap.of(chosen.users),
                skipped_statuses=frozenset(map(folded, chosen.skip_order_statuses)),
            ),
            invoices=InvoiceRules(
                type=chosen.invoice_type,
                statuses=NameMap.of(chosen.invoice_statuses),
                skipped_stages=frozenset(map(folded, chosen.skip_invoice_stages)),
            ),
            payments=PaymentRules(
                type=chosen.payment_type,
                types=NameMap.of(chosen.payment_methods),
                credit_card_method=chosen.credit_card_method,
                credit_card_type=chosen.credit_card_payment_type,
            ),
            subscriptions=SubscriptionRules(
                agreement_types=NameMap.of(chosen.units),
                create_agreements=chosen.create_agreements,
                billable=_billable_addition(chosen),
                id_field=chosen.subscription_id_field,
                name_field=chosen.subscription_name_field,
            ),
        )

    def reason_not_pushed(self, noun: DocumentNoun) -> str:
        """Why documents of that kind are skipped; empty when they are pushed."""
        return "" if noun in self.pushed else f"{noun}s are not pushed: billing.push does not name {noun}"


def _products(chosen: BillingSettings) -> ProductRules:
    place = ProductPlace(
        category=chosen.product_category,
        subcategory=chosen.product_subcategory,
        type=chosen.product_type,
    )
    return ProductRules(
        place=place,
        rows={
            folded(name): ProductPlace(
                category=row.category or place.category,
                subcategory=row.subcategory or place.subcategory,
                type=row.type or place.type,
            )
            for name, row in chosen.product_types.items()
        },
        unit_of_measure=chosen.unit_of_measure,
        units_of_measure=NameMap.of(chosen.units_of_measure),
    )


def _billable_addition(chosen: BillingSettings) -> Billable:
    """An addition that ConnectWise bills beside the invoices of BSS would bill twice."""
    if chosen.addition_billable_option is not None:
        return chosen.addition_billable_option
    return "DoNotBill" if "invoice" in chosen.push else chosen.billable_option
