"""Documents that differ from what a mapping expects; each occurs in real data and once or twice in the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from sandbox.world.billing import Account, CloudProduct, Invoice, InvoiceItem, OrderItem, Subscription
from sandbox.world.cloud import METERED, guid
from sandbox.world.documents import CENT, TAX, Documents, Period, in_currency, months
from sandbox.world.seed import dice

CREDITS = 3
BEGUN_ON = 18
"""The day of the month on which the prorated subscription began."""
PROJECT_PRICE = Decimal("1250.50")


class OddDocuments:
    """Adds the odd documents of a tenant to its usual ones; `served` are the accounts that have some."""

    def __init__(
        self,
        seed: int,
        today: datetime,
        sold: Sequence[CloudProduct],
        served: Sequence[Account],
        documents: Documents,
    ) -> None:
        self._chance = dice(seed, "odd documents")
        self._today = today
        self._products = {product.code: product for product in sold}
        self._accounts = served
        self._documents = documents
        (self._period,) = months(today.date(), 1)

    def add(self) -> None:
        """Add all of them."""
        self._add_credits()
        self._add_twin()
        self._add_prorated()
        self._add_usage()
        self._add_uncoded()
        self._add_free()
        self._add_shared()
        self._add_payments()
        self._repeat_order()
        self._change_quantity()

    def _add_credits(self) -> None:
        """Credit the first line of some invoices: amounts keep their sign, the type makes the credit document."""
        billed = [one for one in self._documents.invoices if one.stage != "Draft" and one.items[0].total]
        for invoice in self._chance.sample(billed, CREDITS):
            credited = [replace(invoice.items[0], id=self._guid())]
            self._bill(invoice, credited, kind="Credit", note=f"Credit for {invoice.code}")

    def _add_twin(self) -> None:
        """Bill an account the same amount twice on one day, for two deliveries."""
        invoice = next(
            one
            for one in self._documents.invoices
            if one.stage != "Draft" and one.total and one.type == "Debit"
        )
        self._bill(invoice, [replace(item, id=self._guid()) for item in invoice.items])

    def _add_prorated(self) -> None:
        """Bill a subscription from the middle of a month: quantity times price is not the total."""
        account = self._accounts[1]
        begun = self._subscription(account, "SUITE-B", quantity=7)
        whole, days = self._period.days, self._period.days - BEGUN_ON + 1
        item = self._item(account, "SUITE-B", quantity=7, subscriptions=(begun,))
        part = replace(
            item,
            total=(item.total * days / whole).quantize(CENT),
            cost_total=(item.cost_total * days / whole).quantize(CENT),
            begins=begun.start,
        )
        self._bill(self._of(account), [part], note=f"From the {BEGUN_ON}th")

    def _add_usage(self) -> None:
        """Bill metered usage, which has neither quantity nor subscription."""
        account = self._accounts[2]
        usage = self._item(account, METERED, quantity=None)
        self._bill(
            self._of(account), [replace(usage, total=Decimal("387.42"), cost_total=Decimal("337.0511"))]
        )

    def _add_uncoded(self) -> None:
        """Order and bill a product that has no code."""
        account = self._accounts[3]
        price = in_currency(PROJECT_PRICE, account.currency)
        item = replace(self._item(account, None, quantity=2), price=price, total=price * 2)
        self._bill(self._of(account), [item, self._item(account, "ONB-H", quantity=3)])
        place, order = next(
            (place, order)
            for place, order in enumerate(self._documents.orders)
            if order.account_id == account.id
        )
        line = OrderItem(
            id=self._guid(),
            product=item.product,
            quantity=2,
            unit="Month",
            price=price,
            cost=Decimal(0),
            description="Σχεδιασμός / Planung / 設計",
        )
        self._documents.orders[place] = replace(order, items=(*order.items, line))

    def _add_free(self) -> None:
        """Bill a trial: an invoice of nothing."""
        account = self._accounts[4]
        self._bill(self._of(account), [self._item(account, "FREE-T", quantity=1)])

    def _add_shared(self) -> None:
        """Bill one line for two subscriptions of a product, whose quantities only the subscriptions have."""
        account = self._accounts[5]
        two = tuple(self._subscription(account, "MBX-50", quantity=quantity) for quantity in (3, 9))
        item = self._item(account, "MBX-50", quantity=12, subscriptions=two)
        self._bill(self._of(account), [replace(item, quantity=None)])

    def _add_payments(self) -> None:
        """Add two equal payments of one invoice and day, a refund, and a payment without an invoice."""
        payments = self._documents.payments
        paid = [payment for payment in payments if payment.amount > 1]
        halved = next(payment for payment in paid if not payment.amount / CENT % 2)
        refunded, loose, *_ = (payment for payment in paid if payment is not halved)
        half = replace(halved, amount=halved.amount / 2)
        payments[payments.index(halved)] = half
        payments.append(replace(half, id=self._guid()))
        payments.append(replace(refunded, id=self._guid(), amount=-refunded.amount))
        payments.append(replace(loose, id=self._guid(), invoice_id=None, amount=Decimal(500)))

    def _repeat_order(self) -> None:
        """Add a second order with the code of an earlier one of the same account."""
        first = self._documents.orders[0]
        items = tuple(replace(item, id=self._guid()) for item in first.items)
        self._documents.orders.append(replace(first, id=self._guid(), items=items, repeats=first.id))

    def _change_quantity(self) -> None:
        """Raise the quantity of a subscription after its order and invoices."""
        had = self._documents.subscriptions
        place = next(place for place, one in enumerate(had) if one.status == "Active")
        had[place] = replace(
            had[place], quantity=had[place].quantity + 2, updated_at=self._today - timedelta(hours=3)
        )

    def _of(self, account: Account) -> Invoice:
        """The newest debit invoice of an account."""
        return next(
            one
            for one in reversed(self._documents.invoices)
            if one.account_id == account.id and one.type == "Debit"
        )

    def _bill(
        self,
        like: Invoice,
        items: Sequence[InvoiceItem],
        *,
        kind: Literal["Debit", "Credit"] = "Debit",
        note: str | None = None,
    ) -> None:
        """Add an unpaid invoice that has other items than an earlier one."""
        net = sum((item.total for item in items), Decimal(0)).quantize(CENT)
        tax = (net * TAX).quantize(CENT) if like.tax else Decimal(0)
        self._documents.invoices.append(
            replace(
                like,
                id=self._guid(),
                code=self._documents.next_code(),
                stage="Unpaid",
                type=kind,
                description=note or like.description,
                total=net + tax,
                tax=tax,
                items=tuple(items),
            )
        )

    def _item(
        self,
        account: Account,
        code: str | None,
        *,
        quantity: int | None,
        subscriptions: tuple[Subscription, ...] = (),
    ) -> InvoiceItem:
        product = self._products[code]
        price = in_currency(product.sell_price or Decimal(0), account.currency)
        cost = in_currency(product.cost_price or Decimal(0), account.currency)
        period: Period = self._period
        return InvoiceItem(
            id=self._guid(),
            product=product,
            unit="Month",
            quantity=quantity,
            price=price,
            cost=cost,
            total=price * (quantity or 1),
            cost_total=cost * (quantity or 1),
            begins=period.begins,
            ends=period.ends,
            subscriptions=subscriptions,
        )

    def _subscription(self, account: Account, code: str, *, quantity: int) -> Subscription:
        """Give an account one more subscription, begun in the month that is billed."""
        product = self._products[code]
        made = replace(
            self._documents.subscriptions[0],
            id=self._guid(),
            name=f"{product.name} - {account.name}",
            account_id=account.id,
            product=product,
            quantity=quantity,
            unit="Month",
            sell_price=in_currency(product.sell_price or Decimal(0), account.currency),
            cost_price=in_currency(product.cost_price or Decimal(0), account.currency),
            start=self._period.begins.replace(day=BEGUN_ON),
            end=None,
            cancelled=None,
            status="Active",
            updated_at=self._period.evening,
        )
        self._documents.subscriptions.append(made)
        return made

    def _guid(self) -> str:
        return guid(self._chance)
