"""Builds the subscriptions of the accounts, and from them their orders, invoices and payments."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
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
from sandbox.world.cloud import guid, products
from sandbox.world.seed import dice

RATES = {
    "EUR": "1", "USD": "1.1", "CAD": "1.5", "GBP": "0.86", "CHF": "0.95", "NOK": "11.6", "PLN": "4.3", "JPY": "162",
    "AED": "4", "INR": "92", "BRL": "5.6", "KZT": "520",
}  # fmt: skip
"""Units of a currency for a euro."""
METERED = "IAAS-PAYG"
PAID_BY = ("Bank transfer", "Credit card", "Net 30", "Direct debit")
USERS = ("Katerina Manou", "Petros Gikas", None)
ORDER_STATUSES = ("Completed", "Completed", "Pending", "Draft", "Cancelled")
STAGES: tuple[Stage, ...] = ("Paid", "Paid", "Unpaid")
STAGES_OF_LAST: tuple[Stage, ...] = ("Draft", "Unpaid", "Unpaid")
FIRST_INVOICE = 431
MONTHS = 3
CENT = Decimal("0.01")
TAX = Decimal("0.24")


def billing(seed: int, today: datetime) -> Billing:
    """Return everything that is billed; the same arguments yield the same."""
    billed, contacts = accounts(seed, today)
    sold = products(seed, today)
    builder = _Builder(seed, today, sold, contacts)
    for account in billed:
        if account.currency and account.type in ("Customer", "Reseller", "Distributor"):
            builder.serve(account)
    builder.add_odd_payments()
    builder.add_order_of_same_code()
    return Billing(
        accounts=billed,
        contacts=contacts,
        products=sold,
        subscriptions=tuple(builder.subscriptions),
        orders=tuple(builder.orders),
        invoices=tuple(builder.invoices),
        payments=tuple(builder.payments),
    )


@dataclass(frozen=True, slots=True)
class _Period:
    """A month that is billed on its last day."""

    begins: date
    ends: date

    @property
    def evening(self) -> datetime:
        return datetime.combine(self.ends, time(21, 15, 30), UTC)


class _Builder:
    """The distributor's billing over the last months."""

    def __init__(
        self,
        seed: int,
        today: datetime,
        sold: Sequence[CloudProduct],
        contacts: Sequence[AccountContact],
    ) -> None:
        self._seed = seed
        self._today = today
        self._sold = [product for product in sold if product.sell_price is not None and product.code]
        self._contacts = contacts
        self._periods = list(_months(today.date(), MONTHS))
        self.subscriptions: list[Subscription] = []
        self.orders: list[Order] = []
        self.invoices: list[Invoice] = []
        self.payments: list[Payment] = []

    def serve(self, account: Account) -> None:
        """Give an account subscriptions, the order they came with, its invoices and its payments."""
        chance = dice(self._seed, "charges", account.id)
        chosen = chance.sample(self._sold, chance.randrange(1, 5))
        had = [self._subscription(chance, account, product) for product in chosen]
        self.subscriptions += had
        self.orders.append(self._order(chance, account, had))
        for place, period in enumerate(self._periods):
            items = tuple(self._item(chance, subscription, period) for subscription in had)
            self._invoice(chance, account, items, period, last=place == len(self._periods) - 1)
        if chance.random() < 0.15:
            self._credit(self.invoices[-1])

    def add_odd_payments(self) -> None:
        """Add two equal payments of one invoice and day, a payment without an invoice, and a refund."""
        paid = [payment for payment in self.payments if payment.amount > 1]
        if len(paid) < 3:
            return
        chance = dice(self._seed, "odd payments")
        halved = next(payment for payment in paid if not payment.amount / CENT % 2)
        refunded, loose, *_ = (payment for payment in paid if payment is not halved)
        half = replace(halved, amount=halved.amount / 2)
        self.payments[self.payments.index(halved)] = half
        self.payments.append(replace(half, id=guid(chance)))
        self.payments.append(replace(refunded, id=guid(chance), amount=-refunded.amount))
        self.payments.append(replace(loose, id=guid(chance), invoice_id=None, amount=Decimal(500)))

    def add_order_of_same_code(self) -> None:
        """Add a second order with the code of an earlier one of the same account."""
        chance = dice(self._seed, "order of same code")
        first = self.orders[0]
        items = tuple(replace(item, id=guid(chance)) for item in first.items)
        self.orders.append(replace(first, id=guid(chance), items=items))

    def _subscription(self, chance: random.Random, account: Account, product: CloudProduct) -> Subscription:
        annual = chance.random() < 0.25
        months = 12 if annual else 1
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
            sell_price=_in_currency(product.sell_price * months, account.currency),
            cost_price=_in_currency((product.cost_price or Decimal(0)) * months, account.currency),
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
            code=f"ORD-{len(self.orders) + 1:05d}",
            account_id=account.id,
            bill_to_account_id=account.parent_id or account.id,
            contact_id=people[0] if people else None,
            status=chance.choice(ORDER_STATUSES),
            ordered=ordered,
            due=ordered + timedelta(days=14) if chance.random() < 0.7 else None,
            description=f"Services for {account.name}" if chance.random() < 0.5 else None,
            responsible_user=chance.choice(USERS),
            currency=account.currency or "EUR",
            items=items,
            created_at=datetime.combine(ordered, time(9), UTC),
            updated_at=datetime.combine(ordered, time(9, 45), UTC),
        )

    def _item(self, chance: random.Random, subscription: Subscription, period: _Period) -> InvoiceItem:
        """Metered usage has a total of its own, which no quantity explains."""
        metered = subscription.product.code == METERED
        quantity = subscription.quantity
        usage = Decimal(chance.randrange(1_000, 90_000)).scaleb(-2) if metered else None
        return InvoiceItem(
            id=guid(chance),
            product=subscription.product,
            unit=subscription.unit,
            quantity=quantity if chance.random() < 0.4 else None,
            price=subscription.sell_price,
            cost=subscription.cost_price,
            total=usage if usage is not None else subscription.sell_price * quantity,
            cost_total=(usage * Decimal("0.87")).quantize(CENT)
            if usage is not None
            else subscription.cost_price * quantity,
            begins=period.begins,
            ends=period.ends,
            subscriptions=(subscription,),
        )

    def _invoice(
        self,
        chance: random.Random,
        account: Account,
        items: tuple[InvoiceItem, ...],
        period: _Period,
        *,
        last: bool,
    ) -> None:
        net = sum((item.total for item in items), Decimal(0))
        tax = (net * TAX).quantize(CENT) if account.taxable else Decimal(0)
        stage = chance.choice(STAGES_OF_LAST if last else STAGES)
        invoice = Invoice(
            id=guid(chance),
            code=f"{FIRST_INVOICE + len(self.invoices):06d}",
            account_id=account.id,
            billing_account_id=account.parent_id or account.id,
            stage=stage,
            type="Debit",
            day=period.ends,
            due=period.ends + timedelta(days=30),
            description=f"{period.begins:%B %Y}" if chance.random() < 0.6 else None,
            payment_method=chance.choice((*PAID_BY, None)),
            currency=account.currency or "EUR",
            total=net + tax,
            tax=tax,
            items=items,
            created_at=period.evening,
            updated_at=period.evening + timedelta(days=20) if stage == "Paid" else period.evening,
        )
        self.invoices.append(invoice)
        if stage == "Paid" and invoice.total:
            self._pay(chance, invoice)

    def _credit(self, invoice: Invoice) -> None:
        """Credit the first line of an invoice; amounts keep their sign, the type makes the credit note."""
        item = invoice.items[0]
        chance = dice(self._seed, "credit", invoice.code)
        code = f"{FIRST_INVOICE + len(self.invoices):06d}"
        tax = (item.total * TAX).quantize(CENT) if invoice.tax else Decimal(0)
        self.invoices.append(
            replace(
                invoice,
                id=guid(chance),
                code=code,
                type="Credit",
                stage="Unpaid",
                description=f"Credit for {invoice.code}",
                total=item.total + tax,
                tax=tax,
                items=(replace(item, id=guid(chance)),),
            )
        )

    def _pay(self, chance: random.Random, invoice: Invoice) -> None:
        day = invoice.day + timedelta(days=chance.randrange(3, 20))
        at = datetime.combine(day, time(8), UTC)
        self.payments.append(
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


def _months(today: date, count: int) -> Iterator[_Period]:
    """Yield the last whole months, the oldest first."""
    ends = (today + timedelta(days=1)).replace(day=1) - timedelta(days=1)
    found = []
    for _ in range(count):
        found.append(_Period(ends.replace(day=1), ends))
        ends = ends.replace(day=1) - timedelta(days=1)
    yield from reversed(found)


def _in_currency(euros: Decimal, currency: str | None) -> Decimal:
    smallest = Decimal(1) if currency == "JPY" else CENT
    return (euros * Decimal(RATES[currency or "EUR"])).quantize(smallest)
