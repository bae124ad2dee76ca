"""The running sums of one order or invoice, so that a line more costs the same whether it is the third or the thousandth."""

from __future__ import annotations

from decimal import Decimal

import msgspec

ZERO = Decimal(0)


class Sums(msgspec.Struct):
    """What the product items and payments of a document come to, in money.

    `lines` holds the billed and the taxable amount of each product item, `payments` the paid and the credited amount of
    each payment, by id.
    """

    billed: Decimal = ZERO
    taxable: Decimal = ZERO
    paid: Decimal = ZERO
    credited: Decimal = ZERO
    lines: dict[int, tuple[Decimal, Decimal]] = msgspec.field(default_factory=dict)
    payments: dict[int, tuple[Decimal, Decimal]] = msgspec.field(default_factory=dict)

    def set_line(self, number: int, billed: Decimal, taxable: Decimal) -> None:
        """Count a product item, in place of what it came to before."""
        before = self.lines.get(number, (ZERO, ZERO))
        self.lines[number] = (billed, taxable)
        self.billed += billed - before[0]
        self.taxable += taxable - before[1]

    def drop_line(self, number: int) -> None:
        """Forget a product item; one that was never counted takes nothing away."""
        billed, taxable = self.lines.pop(number, (ZERO, ZERO))
        self.billed -= billed
        self.taxable -= taxable

    def set_payment(self, number: int, paid: Decimal, credited: Decimal) -> None:
        """Count a payment, in place of what it came to before."""
        before = self.payments.get(number, (ZERO, ZERO))
        self.payments[number] = (paid, credited)
        self.paid += paid - before[0]
        self.credited += credited - before[1]

    def drop_payment(self, number: int) -> None:
        """Forget a payment."""
        paid, credited = self.payments.pop(number, (ZERO, ZERO))
        self.paid -= paid
        self.credited -= credited
