"""What the payment of an invoice should hold, and what becomes of each field; pure.

Amounts are exact decimals, dates are days. A field is written when it changed in BSS since both sides last agreed on it. What another
user changed in ConnectWise meanwhile stays, and is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Self

import msgspec

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import finance
from cwbridge.connectors.connectwise.drafts import Change
from cwbridge.ledger.agreements import Agreed
from cwbridge.ledger.creates import Sent, SentFields
from cwbridge.ledger.money_discrepancies import Kind, MoneyDiscrepancy
from worker.billing.document_rules import PaymentRules
from worker.billing.keys import BillingKey
from worker.psa import days
from worker.psa.money import cents, exact

EXTERNAL_ID_PREFIX = "cwbridge:"
AMOUNT, DAY, TYPE = "amount", "paymentDate", "type"
_LABELS = {AMOUNT: "amount", DAY: "date", TYPE: "type"}


class PaymentValues(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a payment that both systems hold."""

    amount: Decimal
    day: date
    type: str

    @property
    def texts(self) -> dict[str, str]:
        """The values in the form in which they are compared and kept, by the name of their field in ConnectWise."""
        return {AMOUNT: _amount(self.amount), DAY: self.day.isoformat(), TYPE: self.type}

    @property
    def draft(self) -> dict[str, Any]:
        """The values as ConnectWise takes them."""
        return {AMOUNT: exact(self.amount), DAY: days.to_moment(self.day), TYPE: self.type}

    @property
    def sent(self) -> SentFields:
        """The values for the note of a create."""
        return {name: Sent(text, text) for name, text in self.texts.items()}

    @classmethod
    def of_note(cls, noted: SentFields) -> Self:
        """The values that a create has sent."""
        return cls(
            amount=Decimal(noted[AMOUNT].sent),
            day=date.fromisoformat(noted[DAY].sent),
            type=noted[TYPE].sent,
        )


def external_id(key: BillingKey) -> str:
    """The `appliedBy` of the payment that is made for a payment of BSS."""
    return f"{EXTERNAL_ID_PREFIX}{key.id}"


def values_of(payment: bss.Payment, rules: PaymentRules) -> PaymentValues:
    """What ConnectWise should hold; raises Refused for a payment without an amount or a date."""
    lacking = [
        name for name, value in (("amount", payment.amount), ("date", payment.paymentDate)) if value is None
    ]
    if payment.amount is None or payment.paymentDate is None:
        raise errors.Refused(
            "A payment of BSS has no amount or no date",
            detail=f"payment {payment.id} has no {' and no '.join(lacking)}",
            remedy="Enter it in BSS; saving the payment starts the sync again.",
        )
    method = payment.paymentMethod or bss.PaymentMethod()
    return PaymentValues(
        amount=exact(payment.amount),
        day=payment.paymentDate,
        type=rules.type_of(method.id or "", method.name or ""),
    )


def stored(record: finance.InvoicePayment) -> dict[str, str]:
    """The values of ConnectWise in the form of `PaymentValues.texts`; empty for what it does not have."""
    day = day_of(record)
    return {
        AMOUNT: "" if record.amount is None else _amount(record.amount),
        DAY: "" if day is None else day.isoformat(),
        TYPE: record.type or "",
    }


def day_of(record: finance.InvoicePayment) -> date | None:
    """The day of a payment; None where ConnectWise has none."""
    return None if record.paymentDate is None else days.of_moment(record.paymentDate)


def changes(
    record: finance.InvoicePayment, desired: PaymentValues, agreed: Mapping[str, Agreed]
) -> tuple[Change, ...]:
    """What is to be written: fields that differ and have changed in BSS since both sides agreed on them."""
    now, draft = stored(record), desired.draft
    return tuple(
        Change("replace", f"/{name}", draft[name])
        for name, text in desired.texts.items()
        if now[name] != text and (name not in agreed or agreed[name].source != text)
    )


def overwritten(
    record: finance.InvoicePayment, names: Collection[str], agreed: Mapping[str, Agreed]
) -> Iterator[str]:
    """The values that the writing of `names` replaces although both sides had not agreed on them."""
    for name, text in stored(record).items():
        if name in names and (name not in agreed or agreed[name].target != text):
            yield f"{_LABELS[name]}: ConnectWise had {text!r}"


def agreed_at_create(desired: PaymentValues, record: finance.InvoicePayment) -> dict[str, Agreed]:
    """What both sides agree on after ConnectWise answered a create with `record`."""
    now = stored(record)
    return {name: Agreed(text, now[name]) for name, text in desired.texts.items()}


def agreed_after_loss(noted: PaymentValues) -> dict[str, Agreed]:
    """What both sides agree on after a create whose answer was lost: what was sent."""
    return {name: Agreed(text, text) for name, text in noted.texts.items()}


def agreed_on(
    record: finance.InvoicePayment,
    desired: PaymentValues,
    before: Mapping[str, Agreed],
    written: Collection[str],
) -> dict[str, Agreed]:
    """What both sides agree on after the fields `written` were sent and ConnectWise answered with `record`."""
    now = stored(record)
    settled = {
        name: Agreed(text, now[name])
        for name, text in desired.texts.items()
        if name in written or now[name] == text
    }
    return {**before, **settled}


def money(desired: PaymentValues, amount: Decimal | None) -> dict[Kind, MoneyDiscrepancy]:
    """The difference to the amount that ConnectWise has; a payment of BSS has no currency of its own."""
    here, there = cents(desired.amount), cents(amount)
    return {} if here == there else {"amount": MoneyDiscrepancy(currency="", source=here, target=there)}


def discrepancies(
    record: finance.InvoicePayment, desired: PaymentValues, agreed: Mapping[str, Agreed]
) -> Iterator[str]:
    """In which fields other than the amount both differ; a type that ConnectWise has made of the one it was sent is no difference."""
    now, wanted = stored(record), desired.texts
    for name in (DAY, TYPE):
        is_as_sent = name == TYPE and agreed.get(name) == Agreed(wanted[name], now[name])
        if now[name] != wanted[name] and not is_as_sent:
            yield f"{_LABELS[name]}: BSS has {wanted[name]}, ConnectWise {now[name] or 'none'}"


def _amount(amount: Decimal) -> str:
    return str(exact(amount))
