"""Values of fields on their way from one side to the other."""

from __future__ import annotations

from collections.abc import Awaitable, Container, Iterable, Mapping

import msgspec

from cwbridge import errors
from cwbridge.ledger.agreements import Agreed
from cwbridge.ledger.attempts import Attempt
from cwbridge.ledger.creates import Sent, SentFields
from cwbridge.text import clip, one_line, shorten
from worker.billing.merge import Field, Merge, Seen, alike, attempts_of

Translated = str | None | errors.Refused


class Value(msgspec.Struct, frozen=True):
    """A value as its side holds it, and as the other side would hold it (see merge.Seen)."""

    own: str
    there: Translated
    is_cut: bool = False
    """Whether the other side takes only a part of the text."""


Values = dict[str, Value]


def text(own: str | None) -> Value:
    """A text that the other side takes as it is."""
    return Value(own or "", one_line(own))


def clipped(own: str | None, max_length: int) -> Value:
    """A text by which nothing is found, cut to what the other side takes."""
    return _fitted(own or "", clip(one_line(own), max_length))


def shortened(own: str | None, max_length: int) -> Value:
    """A text by which a record is found again, shortened always in the same way."""
    return _fitted(own or "", shorten(one_line(own), max_length))


def _fitted(own: str, there: str) -> Value:
    return Value(own, there, is_cut=there != one_line(own))


async def looked_up(own: str, answer: Awaitable[str | None]) -> Value:
    """A value that has to be looked up on the other side; a refusal is raised only where the value is written."""
    try:
        return Value(own, await answer)
    except errors.Refused as refusal:
        return Value(own, refusal)


def side_by_side(source: Mapping[str, Value], target: Mapping[str, Value]) -> dict[str, Seen]:
    """The fields that both sides show."""
    return {
        name: Seen(bss=value.own, psa=target[name].own, to_psa=value.there, to_bss=target[name].there)
        for name, value in source.items()
        if name in target
    }


def agreed_on(source: Mapping[str, Value], target: Mapping[str, Value]) -> dict[str, Agreed]:
    """The values of both sides as those they agree on."""
    return {name: Agreed(value.own, target[name].own) for name, value in source.items() if name in target}


def writable(values: Mapping[str, Value]) -> dict[str, str]:
    """The values of a new record on the other side, without those it has no place for; raises the refusal of a value."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value.there, errors.Refused):
            raise value.there
        if value.there is not None:
            found[name] = value.there
    return found


def sent_of(values: Mapping[str, Value], written: Mapping[str, str]) -> SentFields:
    """What a create sends for each field, for the note that it is under way; empty values are not sent."""
    return {name: Sent(values[name].own, sent) for name, sent in written.items() if sent}


class Sides(msgspec.Struct, frozen=True):
    """The fields of both sides at one moment."""

    source: Mapping[str, Value]
    target: Mapping[str, Value]

    @property
    def seen(self) -> dict[str, Seen]:
        """Field by field, as the merge takes them."""
        return side_by_side(self.source, self.target)


def newly_agreed(
    fields: Iterable[Field], merged: Merge, before: Sides, after: Sides, tried: Mapping[str, Attempt]
) -> dict[str, Agreed]:
    """The values agreed on once `merged` is written; `tried` are the writes that an earlier run has left unsettled.

    Of a value that was written, what the server made of it; of the value it came from, what was read before, so that a change
    which another user makes meanwhile stays a change. A written field that now holds something else altogether is left out:
    another user has changed it since, or the server has a form of its own, which shows when the same write changes nothing twice.
    """
    by_name = {field.name: field for field in fields}
    own = attempts_of(merged, before.seen)

    def holds(name: str, sent: str, was: str, now: str) -> bool:
        return alike(by_name[name], sent, now) or (now == was and tried.get(name) == own[name])

    pushed = {
        name: Agreed(before.source[name].own, after.target[name].own)
        for name, sent in merged.push.items()
        if holds(name, sent, before.target[name].own, after.target[name].own)
    }
    pulled = {
        name: Agreed(after.source[name].own, before.target[name].own)
        for name, sent in merged.pull.items()
        if holds(name, sent, before.source[name].own, after.source[name].own)
    }
    settled = {name: Agreed(before.source[name].own, before.target[name].own) for name in merged.agreed}
    return pushed | pulled | settled


def unsettled(
    fields: Iterable[Field], own: Mapping[str, Attempt], after: Sides, tried: Mapping[str, Attempt]
) -> dict[str, Attempt]:
    """The writes after which a side holds what it held before: another user may have taken the value back, or the server does.

    They are tried once more; those that are in `tried` were.
    """
    found = {}
    for field in fields:
        attempt = own.get(field.name)
        if attempt is None or tried.get(field.name) == attempt:
            continue
        was, values = (
            (attempt.target, after.target) if attempt.side == "target" else (attempt.source, after.source)
        )
        now = values[field.name].own
        if now == was and not alike(field, attempt.sent, now):
            found[field.name] = attempt
    return found


def has_changed_meanwhile(agreed: Mapping[str, Agreed], merged: Merge, before: Sides, after: Sides) -> bool:
    """Whether another user changed a field between the reading and the writing of this run.

    The pollers pass over a record in the state in which a run left it, so this run has to notice it.
    """
    written = (*merged.push, *merged.pull)
    overtaken = any(
        name not in agreed
        or (name in merged.push and agreed[name].target != after.target[name].own)
        or (name in merged.pull and agreed[name].source != after.source[name].own)
        for name in written
    )
    return (
        overtaken
        or _differ(before.source, after.source, merged.pull)
        or _differ(before.target, after.target, merged.push)
    )


def _differ(before: Mapping[str, Value], after: Mapping[str, Value], written: Container[str]) -> bool:
    return any(
        value.own != after[name].own
        for name, value in before.items()
        if name in after and name not in written
    )
