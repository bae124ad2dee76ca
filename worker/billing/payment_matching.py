"""Which payment of an invoice in ConnectWise is the one that was made for a payment of BSS; pure.

ConnectWise keeps the external id in `appliedBy`, or writes the name of the API member there, or nothing. Where it did not keep it, the
payments of an invoice are matched as a multiset of amount and day: each fits one payment of BSS at most, and equal ones are as good as
each other. A text of another user in `appliedBy` says that another user entered the payment: those of the daemon have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import msgspec

from cwbridge.text import folded
from worker.billing.payment_fields import EXTERNAL_ID_PREFIX, PaymentValues
from worker.psa.money import cents


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of the invoice in ConnectWise.

    `is_own` says that the API member made it, or is named in `applied_by`; `is_taken` that it is linked to another payment of BSS.
    """

    id: int
    amount: Decimal | None
    day: date | None
    type: str = ""
    applied_by: str = ""
    is_own: bool = False
    is_taken: bool = False


def marked(external_id: str, entries: Iterable[Entry]) -> list[Entry]:
    """The payments that carry the external id; more than one is a mistake of a user."""
    return [entry for entry in entries if folded(entry.applied_by) == folded(external_id)]


def equal(external_id: str, wanted: PaymentValues, entries: Iterable[Entry]) -> Entry | None:
    """A payment of the same amount and day whose external id ConnectWise did not keep; of several that of the type, then the first."""
    fitting = [
        entry
        for entry in entries
        if not entry.is_taken
        and _may_be(external_id, entry)
        and entry.amount is not None
        and cents(entry.amount) == cents(wanted.amount)
        and entry.day == wanted.day
    ]
    return min(fitting, key=lambda entry: (folded(entry.type) != folded(wanted.type), entry.id), default=None)


def is_kept(external_id: str, applied_by: str | None) -> bool:
    """Whether ConnectWise kept the external id that it was sent."""
    return folded(applied_by) == folded(external_id)


def _may_be(external_id: str, entry: Entry) -> bool:
    """Whether ConnectWise may have made this of the external id: nothing, the API member, or its beginning."""
    told = folded(entry.applied_by)
    if told.startswith(EXTERNAL_ID_PREFIX):
        return folded(external_id).startswith(told)
    return not told or entry.is_own
