"""The fields of an order or invoice beside its lines: what differs between BSS and ConnectWise, and who wrote it; pure.

A field is written where BSS changed it since both sides last agreed, and never because another user edited it in ConnectWise. Where
nothing was agreed on, as at the first link or after a loss of Redis, a field that ConnectWise has empty is filled, and of two
different values that of `billing.master` stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from cwbridge.connectors.connectwise.drafts import Change
from cwbridge.connectors.connectwise.models import Tracked
from cwbridge.connectors.records import Link as Reference
from cwbridge.ledger.agreements import Agreed
from cwbridge.ledger.creates import Sent, SentFields
from cwbridge.text import clip, many_lines
from worker.billing.merge import Master
from worker.psa.days import of_moment, to_moment


class HeaderField(msgspec.Struct, frozen=True):
    """A desired value: as text for comparisons, and as it is sent. The text is empty where BSS has no value."""

    text: str
    sent: Any = None
    is_required: bool = False
    """A field that ConnectWise demands, or fills by itself, is never emptied."""


Header = Mapping[str, HeaderField]


def reference(number: int | None) -> HeaderField:
    """Another record by its id; it is never emptied, because ConnectWise fills it from the company."""
    return (
        HeaderField("", is_required=True)
        if number is None
        else HeaderField(str(number), {"id": number}, is_required=True)
    )


def bare_id(number: int | None) -> HeaderField:
    """Another record where ConnectWise wants its id alone."""
    return (
        HeaderField("", is_required=True)
        if number is None
        else HeaderField(str(number), number, is_required=True)
    )


def words(text: str | None, max_length: int, *, is_required: bool = False) -> HeaderField:
    """A text of several lines."""
    kept = clip(many_lines(text), max_length)
    return HeaderField(kept, kept, is_required=is_required)


def day(value: date | None, *, is_required: bool = False) -> HeaderField:
    """A day, which ConnectWise keeps as its midnight in UTC."""
    if value is None:
        return HeaderField("", None, is_required=is_required)
    return HeaderField(value.isoformat(), to_moment(value), is_required=is_required)


def draft(header: Header) -> dict[str, Any]:
    """The fields of a new record; empty ones are not sent."""
    return {name: field.sent for name, field in header.items() if field.text}


def sent_fields(header: Header) -> SentFields:
    """What a create sends, for the note that it is under way."""
    return {name: Sent(field.text, field.text) for name, field in header.items() if field.text}


def agreed_at_create(sent: SentFields | None) -> dict[str, Agreed]:
    """What both sides agreed on when the record was made."""
    return {name: Agreed(field.own, field.sent) for name, field in (sent or {}).items()}


def changes(
    record: Tracked, header: Header, agreed: Mapping[str, Agreed], master: Master
) -> tuple[Change, ...]:
    """What leads from the record to the header, of the fields that BSS may write."""
    return tuple(
        Change("replace", f"/{name}", field.sent)
        for name, field in header.items()
        if stored(record, name) != field.text
        and _may_write(field, stored(record, name), agreed.get(name), master)
    )


def agreed_after(
    record: Tracked, header: Header, before: Mapping[str, Agreed], written: Iterable[str]
) -> dict[str, Agreed]:
    """What both sides agree on, of the record as it is after the fields `written` were written."""
    names = set(written)
    found: dict[str, Agreed] = {}
    for name, field in header.items():
        now, known = stored(record, name), before.get(name)
        stays = known is not None and known.source == field.text and name not in names and now != field.text
        found[name] = known if known is not None and stays else Agreed(field.text, now)
    return found


def stored(record: Tracked, name: str) -> str:
    """The value of the record as text, in the form in which it is compared."""
    value = getattr(record, name)
    if value is None:
        return ""
    if isinstance(value, Reference):
        return str(value.id)
    if isinstance(value, datetime):
        return of_moment(value).isoformat()
    return many_lines(value) if isinstance(value, str) else str(value)


def _may_write(field: HeaderField, now: str, known: Agreed | None, master: Master) -> bool:
    if not field.text:
        return known is not None and bool(known.source) and not field.is_required
    if known is None:
        return not now or master == "bss"
    return known.source != field.text
