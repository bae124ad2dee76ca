"""The payments of one invoice: each payment of BSS once, with its amount and day, whether or not ConnectWise keeps by whom it was applied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from sandbox.connectwise.store import API_MEMBER
from tests.fault import document_expected as expected
from tests.fault.document_books import DocumentBooks, Row, day, payment_of
from tests.fault.violations import Violation, not_one


def payments_wrong(
    books: DocumentBooks, named: str, invoice: Row, held: Row, *, keeps: bool
) -> Iterator[Violation]:
    """What is wrong with the payments of `invoice`, which is `held` in ConnectWise; `keeps`: each says which one it is."""
    wanted = [row for row in books.of_bss("payments") if row["invoiceId"] == invoice["id"]]
    made = [row for row in books.payments_of(held["id"]) if row["_info"].get("enteredBy") == API_MEMBER]
    ours, theirs = Counter(map(_in_bss, wanted)), Counter(map(_in_connectwise, made))
    for amount, on in (ours - theirs).elements():
        yield Violation("lost", f"{named} lacks a payment of {amount} on {on}")
    for amount, on in (theirs - ours).elements():
        yield Violation("doubled", f"{named} has a payment too many, of {amount} on {on}")
    if keeps:
        yield from _each(named, wanted, made)


def _each(named: str, wanted: list[Row], made: list[Row]) -> Iterator[Violation]:
    for payment in wanted:
        found = [row for row in made if payment_of(row) == payment["id"]]
        if len(found) != 1:
            yield not_one(found, f"{named} has payment {payment['id']} {len(found)} times")
            continue
        if _in_connectwise(found[0]) != _in_bss(payment):
            told = f"is {_in_connectwise(found[0])} and should be {_in_bss(payment)}"
            yield Violation("lost", f"payment {payment['id']} of {named} {told}")
        kind_wanted = expected.PAYMENT_TYPES[payment["paymentMethod"]["name"]]
        if found[0].get("type") != kind_wanted:
            told = f"has the type {found[0].get('type')!r}, not {kind_wanted!r}"
            yield Violation("lost", f"payment {payment['id']} of {named} {told}")


def _in_bss(payment: Row) -> tuple[Decimal, str]:
    return payment["amount"], day(payment["paymentDate"])


def _in_connectwise(payment: Row) -> tuple[Decimal, str]:
    return Decimal(payment["amount"]), day(payment.get("paymentDate"))
