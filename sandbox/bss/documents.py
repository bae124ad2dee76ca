"""Products, orders, invoices, payments and subscriptions of the world as rows."""

from __future__ import annotations

from decimal import Decimal

from sandbox.bss.collections import Row
from sandbox.bss.store import BssStore
from sandbox.world.billing import (
    Billing,
    CloudProduct,
    Invoice,
    InvoiceItem,
    Order,
    OrderItem,
    Payment,
    Subscription,
)


def add_documents(store: BssStore, billing: Billing) -> None:
    """Store what is sold and billed; dates are days, amounts Decimal."""
    types = sorted({product.product_type for product in billing.products})
    names = {account.id: account.name for account in billing.accounts}
    methods = sorted({payment.payment_method for payment in billing.payments})
    for product in billing.products:
        store.put("products", _product(product, types))
    for subscription in billing.subscriptions:
        store.put("subscriptions", _subscription(subscription))
    for order in billing.orders:
        store.put("orders", _order(order))
    for invoice in billing.invoices:
        store.put("invoices", _invoice(invoice, names, types))
    for payment in billing.payments:
        store.put("payments", _payment(payment, methods))


def _times(noun: CloudProduct | Subscription | Order | Invoice | Payment) -> Row:
    return {"createdAt": noun.created_at, "updatedAt": noun.updated_at}


def _named(name: str | None) -> Row | None:
    return {"name": name} if name else None


def _sold(product: CloudProduct) -> Row:
    return {"id": product.id, "code": product.code, "name": product.name}


def _product(product: CloudProduct, types: list[str]) -> Row:
    return {
        "id": product.id,
        "code": product.code,
        "name": product.name,
        "fullDescription": product.full_description,
        "productType": {"id": types.index(product.product_type) + 1, "name": product.product_type},
        "unitOfMeasure": _named(product.unit_of_measure),
        "isTaxable": product.taxable,
        "isActivated": product.activated,
        "sellPrice": product.sell_price,
        "costPrice": product.cost_price,
        **_times(product),
    }


def _subscription(subscription: Subscription) -> Row:
    return {
        "id": subscription.id,
        "name": subscription.name,
        "accountId": subscription.account_id,
        "product": _sold(subscription.product),
        "quantity": subscription.quantity,
        "unit": subscription.unit,
        "sellPrice": subscription.sell_price,
        "costPrice": subscription.cost_price,
        "startDate": subscription.start,
        "endDate": subscription.end,
        "cancelledDate": subscription.cancelled,
        "status": subscription.status,
        **_times(subscription),
    }


def _order(order: Order) -> Row:
    return {
        "id": order.id,
        "code": order.code,
        "accountId": order.account_id,
        "billToAccountId": order.bill_to_account_id,
        "contact": {"id": order.contact_id} if order.contact_id else None,
        "status": _named(order.status),
        "orderDate": order.ordered,
        "dueDate": order.due,
        "description": order.description,
        "responsibleUser": _named(order.responsible_user),
        "currency": {"code": order.currency},
        "totalAmount": sum((item.price * item.quantity for item in order.items), Decimal(0)),
        "items": [_order_item(item) for item in order.items],
        **_times(order),
    }


def _order_item(item: OrderItem) -> Row:
    return {
        "id": item.id,
        "product": _sold(item.product),
        "quantity": item.quantity,
        "finalPrice": item.price,
        "costPrice": item.cost,
        "finalTotal": item.price * item.quantity,
        "costTotal": item.cost * item.quantity,
        "unit": item.unit,
        "description": item.description,
    }


def _invoice(invoice: Invoice, names: dict[int, str], types: list[str]) -> Row:
    return {
        "id": invoice.id,
        "code": invoice.code,
        "accountId": invoice.account_id,
        "billingAccountId": invoice.billing_account_id,
        "billingAccountName": names[invoice.billing_account_id],
        "stage": invoice.stage,
        "type": invoice.type,
        "date": invoice.day,
        "dueDate": invoice.due,
        "description": invoice.description,
        "paymentMethod": _named(invoice.payment_method),
        "currency": {"code": invoice.currency},
        "totalAmount": invoice.total,
        "taxAmount": invoice.tax,
        "items": [_invoice_item(item, types) for item in invoice.items],
        **_times(invoice),
    }


def _invoice_item(item: InvoiceItem, types: list[str]) -> Row:
    kind = item.product.product_type
    own = {"quantity": item.quantity} if item.quantity is not None else {}
    return {
        "id": item.id,
        "product": _sold(item.product),
        "productType": {"id": types.index(kind) + 1, "name": kind},
        "unit": item.unit,
        **own,
        "costPrice": item.cost,
        "finalPrice": item.price,
        "costTotal": item.cost_total,
        "finalTotal": item.total,
        "billingPeriodStart": item.begins,
        "billingPeriodEnd": item.ends,
        "subscriptions": [
            {"id": subscription.id, "name": subscription.name, "quantity": subscription.quantity}
            for subscription in item.subscriptions
        ],
    }


def _payment(payment: Payment, methods: list[str]) -> Row:
    return {
        "id": payment.id,
        "accountId": payment.account_id,
        "invoiceId": payment.invoice_id,
        "paymentMethod": {"id": methods.index(payment.payment_method) + 1, "name": payment.payment_method},
        "paymentDate": payment.day,
        "amount": payment.amount,
        "transactionId": payment.transaction_id,
        **_times(payment),
    }
