"""Builds the subscriptions of the accounts, and from them their orders, invoices and payments."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from sandbox.world.accounts import accounts
from sandbox.world.billing import (
    Account,
    AccountContact,
    Billing,
    CloudProduct,
    Invoice,
    InvoiceItem,
    Order,
    OrderItem,
    Payment,
    Stage,
    Subscription,
)
from sandbox.world.cloud import METERED, guid, products
from sandbox.world.documents import PAID_BY, TAX, Documents, Period, in_currency, months
from sandbox.world.notes import invoice_note, order_note
from sandbox.world.odd_documents import OddDocuments
from sandbox.world.seed import dice

USERS = ("Katerina Manou", "Petros Gikas", None)
SERVED = frozenset({"Customer", "Reseller", "Distributor"})
ORDER_STATUSES = ("Completed", "Completed", "Pending", "Draft", "Cancelled")
STAGES: tuple[Stage, ...] = ("Paid", "Paid", "Unpaid")
STAGES_OF_LAST: tuple[Stage, ...] = ("Draft", "Unpaid", "Unpaid")
MONTHS = 2
MOST_SUBSCRIPTIONS = 3
CENT = Decimal("0.01")


def billing(seed: int, today: datetime) -> Billing:
    """Return everything that is billed; the same arguments yield the same."""
    billed, contacts = accounts(seed, today)
    sold = products(seed, today)
    documents = Documents()
    builder = _Builder(seed, today, sold, contacts, documents)
    served = [account for account in billed if account.currency and account.type in SERVED]
    for account in served:
        builder.serve(account)
    OddDocuments(seed, today, sold, served, documents).add()
    return Billing(
        accounts=billed,
        contacts=contacts,
        products=sold,
        subscriptions=tuple(documents.subscriptions),
        orders=tuple(documents.orders),
        invoices=tuple(documents.invoices),
        payments=tuple(documents.payments),
    )


class _Builder:
    """The distributor's billing over the last months."""

    def __init__(
        self,
        seed: int,
        today: datetime,
        sold: Sequence[CloudProduct],
        contacts: Sequence[AccountContact],
        documents: Documents,
    ) -> None:
        self._seed = seed
        self._today = today
        self._sold = [product for product in sold if product.sell_price is not None and product.code]
        self._contacts = contacts
        self._periods = list(months(today.date(), MONTHS))
        self._documents = documents

    def serve(self, account: Account) -> None:
        """Give an account subscriptions, the order they came with, its invoices and its payments."""
        chance = dice(self._seed, "charges", account.id)
        chosen = chance.sample(self._sold, chance.randrange(1, MOST_SUBSCRIPTIONS + 1))
        had = [self._subscription(chance, account, product) for product in chosen]
        self._documents.subscriptions += had
        self._documents.orders.append(self._order(chance, account, had))
        for place, period in enumerate(self._periods):
            items = tuple(self._item(chance, subscription, period) for subscription in had)
            self._invoice(chance, account, items, period, last=place == len(self._periods) - 1)

    def _subscription(self, chance: random.Random, account: Account, product: CloudProduct) -> Subscription:
        annual = chance.random() < 0.25
        term = 12 if annual else 1
        ended = chance.random() < 0.12
        start = self._today.date() - timedelta(days=chance.randrange(100, 900))
        created = datetime.combine(start, time(9, 30), UTC)
        assert product.sell_price is not None  # noqa: S101 - only priced products are sold
        return Subscription(
            id=guid(chance),
            name=f"{product.name} - {account.name}",
            account_id=account.id,
            product=product,
            quantity=chance.choice((1, 1, 2, 5, 8, 25, 140)),
            unit="Annual" if annual else "Month",
            sell_price=in_currency(product.sell_price * term, account.currency),
            cost_price=in_currency((product.cost_price or Decimal(0)) * term, account.currency),
            start=start,
            end=start + timedelta(days=365) if annual else None,
            cancelled=self._today.date() - timedelta(days=chance.randrange(1, 90)) if ended else None,
            status=chance.choice(("Cancelled", "In-Active")) if ended else "Active",
            created_at=created,
            updated_at=self._today - timedelta(days=1) if ended else created,
        )

    def _order(self, chance: random.Random, account: Account, had: Sequence[Subscription]) -> Order:
        people = [contact.id for contact in self._contacts if contact.account_id == account.id]
        ordered = min(subscription.start for subscription in had)
        items = tuple(
            OrderItem(
                id=guid(chance),
                product=subscription.product,
                quantity=subscription.quantity,
                unit=subscription.unit,
                price=subscription.sell_price,
                cost=subscription.cost_price,
                description=subscription.name if chance.random() < 0.5 else None,
            )
            for subscription in had
        )
        return Order(
            id=guid(chance),
            code=f"ORD-{len(self._documents.orders) + 1:05d}",
            account_id=account.id,
            bill_to_account_id=account.parent_id or account.id,
            contact_id=people[0] if people else None,
            status=chance.choice(ORDER_STATUSES),
            ordered=ordered,
            due=ordered + timedelta(days=14) if chance.random() < 0.7 else None,
            description=order_note(account) if chance.random() < 0.5 else None,
            responsible_user=chance.choice(USERS),
            currency=account.currency or "EUR",
            items=items,
            created_at=datetime.combine(ordered, time(9), UTC),
            updated_at=datetime.combine(ordered, time(9, 45), UTC),
        )

    def _item(self, chance: random.Random, subscription: Subscription, period: Period) -> InvoiceItem:
        """Metered usage has a total of its own, which no quantity explains, and no subscription that is counted."""
        metered = subscription.product.code == METERED
        quantity = subscription.quantity
        usage = Decimal(chance.randrange(1_000, 90_000)).scaleb(-2) if metered else None
        return InvoiceItem(
            id=guid(chance),
            product=subscription.product,
            unit=subscription.unit,
            quantity=quantity if chance.random() < 0.4 and not metered else None,
            price=subscription.sell_price,
            cost=subscription.cost_price,
            total=usage if usage is not None else subscription.sell_price * quantity,
            cost_total=(usage * Decimal("0.87")).quantize(CENT)
            if usage is not None
            else subscription.cost_price * quantity,
            begins=period.begins,
            ends=period.ends,
            subscriptions=() if metered else (subscription,),
        )

    def _invoice(
        self,
        chance: random.Random,
        account: Account,
        items: tuple[InvoiceItem, ...],
        period: Period,
        *,
        last: bool,
    ) -> None:
        net = sum((item.total for item in items), Decimal(0))
        tax = (net * TAX).quantize(CENT) if account.taxable else Decimal(0)
        stage = chance.choice(STAGES_OF_LAST if last else STAGES)
        invoice = Invoice(
            id=guid(chance),
            code=self._documents.next_code(),
            account_id=account.id,
            billing_account_id=account.parent_id or account.id,
            stage=stage,
            type="Debit",
            day=period.ends,
            due=period.ends + timedelta(days=30),
            description=invoice_note(account, period.begins) if chance.random() < 0.6 else None,
            payment_method=chance.choice((*PAID_BY, None)),
            currency=account.currency or "EUR",
            total=net + tax,
            tax=tax,
            items=items,
            created_at=period.evening,
            updated_at=period.evening + timedelta(days=20) if stage == "Paid" else period.evening,
        )
        self._documents.invoices.append(invoice)
        if stage == "Paid" and invoice.total:
            self._pay(chance, invoice)

    def _pay(self, chance: random.Random, invoice: Invoice) -> None:
        day = invoice.day + timedelta(days=chance.randrange(3, 20))
        at = datetime.combine(day, time(8), UTC)
        self._documents.payments.append(
            Payment(
                id=guid(chance),
                account_id=invoice.account_id,
                invoice_id=invoice.id,
                payment_method=invoice.payment_method or PAID_BY[0],
                day=day,
                amount=invoice.total,
                transaction_id=f"TX{chance.randrange(10**8):08d}" if chance.random() < 0.6 else None,
                created_at=at,
                updated_at=at,
            )
        )
