"""What the addition of a subscription should hold, when it is changed in place and when another one replaces it; pure.

A value is written when BSS changed it since both sides last agreed. One that another user changed in ConnectWise stays and is
reported once. Where nothing was agreed on, as after a loss of Redis, `billing.master` decides between two different values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import finance
from cwbridge.ledger.agreements import Agreed
from cwbridge.ledger.creates import Sent, SentFields
from cwbridge.text import clip, folded, one_line
from worker.billing.merge import Master
from worker.psa.money import exact

MAX_TEXT = 1000
NAME = "subscriptionName"
"""The field of an addition that is a custom field."""
ACCOUNT, UNIT, PRODUCT, REPLACED = "account", "unit", "product", "replaced"
"""What is agreed on beside the fields: what an addition was made of, and the day of a replacement under way."""
_AMOUNTS = ("quantity", "unitPrice", "unitCost")
_ENDED = frozenset({"cancelled", "in-active"})
_REPORTED: Mapping[str, str] = {
    "quantity": "quantity",
    "unitPrice": "unit price",
    "unitCost": "unit cost",
    "cancelledDate": "cancelled date",
}


class Wanted(msgspec.Struct, frozen=True):
    """A value as BSS has it, as ConnectWise should hold it, both as text, and as it is sent."""

    source: str
    text: str
    sent: Any


Fields = Mapping[str, Wanted]
Held = Mapping[str, str]
"""The fields of an addition as text."""


def is_ended(subscription: bss.Subscription) -> bool:
    """Whether BSS no longer charges the subscription."""
    return folded(subscription.status) in _ENDED


def first_day(subscription: bss.Subscription, agreement: finance.Agreement, today: date) -> date:
    """The day from which an addition is charged: ConnectWise refuses one before the agreement is billed."""
    billed = day_of(agreement.billStartDate) or day_of(agreement.startDate)
    starts = subscription.startDate or today
    return starts if billed is None else max(starts, billed)


def last_day(
    subscription: bss.Subscription, addition: finance.Addition | None, known: Agreed | None, today: date
) -> date | None:
    """The day from which it is not charged any more; None while it is active.

    Its own date, else its end, else the day on which that was seen, which stays; never before the first day of the addition.
    """
    if not is_ended(subscription):
        return None
    held = day_of(addition.cancelledDate) if addition is not None else None
    seen = date.fromisoformat(known.source) if known is not None and known.source else held
    ends = subscription.cancelledDate or subscription.endDate or seen or today
    starts = day_of(addition.effectiveDate) if addition is not None else None
    return ends if starts is None else max(ends, starts)


def fields(subscription: bss.Subscription, *, billable: str, starts: Wanted, ends: date | None) -> Fields:
    """The fields that a create and an update write."""
    name = clip(one_line(subscription.name), MAX_TEXT)
    product = one_line(subscription.product.name) if subscription.product is not None else ""
    return {
        "quantity": _amount(subscription.quantity),
        "unitPrice": _amount(subscription.sellPrice),
        "unitCost": _amount(subscription.costPrice),
        "billCustomer": _words(billable),
        "effectiveDate": starts,
        "cancelledDate": day(ends),
        "description": _words(name or product),
        NAME: _words(name),
    }


def day(value: date | None, *, source: date | None = None) -> Wanted:
    """A day, which ConnectWise keeps as its midnight in UTC; `source` where BSS has another one."""
    if value is None:
        return Wanted("", "", None)
    text = value.isoformat()
    return Wanted(text if source is None else source.isoformat(), text, f"{text}T00:00:00Z")


def day_of(moment: datetime | None) -> date | None:
    """The day of a moment of ConnectWise."""
    return None if moment is None else moment.astimezone(UTC).date()


def held(addition: finance.Addition, name_field: int | None) -> Held:
    """What the addition holds, in the form in which it is compared."""
    return {
        **{name: _text(getattr(addition, name)) for name in _AMOUNTS},
        "billCustomer": addition.billCustomer or "",
        "effectiveDate": _text(day_of(addition.effectiveDate)),
        "cancelledDate": _text(day_of(addition.cancelledDate)),
        "description": one_line(addition.description),
        NAME: custom_value(addition, name_field),
    }


def custom_value(addition: finance.Addition, number: int | None) -> str:
    """The value of a custom field; empty where it has none."""
    found = (row.value for row in addition.customFields or () if row.id == number and row.value is not None)
    return one_line(str(next(found, "")))


def to_write(now: Held, wanted: Fields, agreed: Mapping[str, Agreed], master: Master) -> dict[str, Any]:
    """The values to send, of the fields that BSS may write."""
    return {
        name: value.sent
        for name, value in _without_emptied(wanted, agreed).items()
        if now[name] != value.text and _may_write(name, now[name], value, agreed.get(name), master)
    }


def about_to_be_sent(wanted: Fields, values: Mapping[str, Any]) -> dict[str, Agreed]:
    """What both sides agree on once `values` are written, by what BSS says and what the addition then holds."""
    return {
        name: Agreed(wanted[name].source, _text(value) if isinstance(value, Decimal) else wanted[name].text)
        for name, value in values.items()
    }


def agreed_on(now: Held, wanted: Fields) -> dict[str, Agreed]:
    """What both sides agree on, of an addition that holds `now` after everything was written."""
    return {name: Agreed(value.source, now[name]) for name, value in wanted.items()}


def overridden(
    now: Held, wanted: Fields, agreed: Mapping[str, Agreed], written: Iterable[str]
) -> tuple[str, ...]:
    """What another user has changed in ConnectWise since the last look and is left, in words."""
    names = set(written)
    return tuple(
        f"{label} is {now[name] or 'empty'} in ConnectWise and {wanted[name].text or 'empty'} in BSS; "
        "it stays until it changes in BSS"
        for name, label in _REPORTED.items()
        if name not in names
        and now[name] != wanted[name].text
        and (name in agreed or wanted[name].text)
        and (name not in agreed or agreed[name].target != now[name])
    )


def made_of(subscription: bss.Subscription) -> tuple[str, str, str]:
    """Account, unit and product: another one of them makes another addition."""
    account = "" if subscription.account is None else str(subscription.account.id)
    product = "" if subscription.product is None else subscription.product.id
    return account, folded(subscription.unit), product


def changed_parts(subscription: bss.Subscription, agreed: Mapping[str, Agreed]) -> tuple[str, ...]:
    """Which of account, unit and product the addition was not made of; empty when it is changed in place."""
    now = dict(zip((ACCOUNT, UNIT, PRODUCT), made_of(subscription), strict=True))
    return tuple(name for name, value in now.items() if name in agreed and agreed[name].source != value)


def sent_fields(wanted: Fields) -> SentFields:
    """What a create sends, for the note that it is under way."""
    return {name: Sent(value.source, value.text) for name, value in wanted.items()}


def agreed_at_create(sent: SentFields | None) -> dict[str, Agreed]:
    """What both sides agreed on when the addition was made."""
    return {name: Agreed(field.own, field.sent) for name, field in (sent or {}).items()}


def _without_emptied(wanted: Fields, agreed: Mapping[str, Agreed]) -> dict[str, Wanted]:
    """An amount that BSS had and has no longer is 0."""
    zero = Wanted("", "0", Decimal(0))
    return {
        name: zero
        if name in _AMOUNTS and not value.text and name in agreed and agreed[name].source
        else value
        for name, value in wanted.items()
    }


def _may_write(name: str, now: str, value: Wanted, known: Agreed | None, master: Master) -> bool:
    if not value.text and name != "cancelledDate":
        return False
    if known is None:
        return not now or master == "bss"
    return known.source != value.source


def _amount(amount: Decimal | None) -> Wanted:
    text = _text(amount)
    return Wanted(text, text, None if amount is None else exact(amount))


def _words(text: str) -> Wanted:
    return Wanted(text, text, text)


def _text(value: Decimal | date | None) -> str:
    if value is None:
        return ""
    return str(exact(value)) if isinstance(value, Decimal) else value.isoformat()
