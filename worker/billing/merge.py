"""The three-way merge of one pair of records: which side changed each field since both last agreed, and which value goes where.

Pure. Each side keeps a value in its own form (a server may trim a text, re-format a number, shorten a name), so a side has changed
when it differs from what it held itself at the last agreement; it is never compared with the other side for that. That is why a
value which a server stores otherwise than it was sent is no change, and nothing goes back and forth.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from cwbridge import errors
from cwbridge.ledger.agreements import Agreed
from cwbridge.ledger.attempts import Attempt
from cwbridge.text import one_line

Master = Literal["bss", "connectwise"]
Action = Literal["push", "pull", "agree", "nothing"]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a pair: `pulled` says whether ConnectWise may change it in BSS; a `required` one is never emptied."""

    name: str
    pulled: bool = True
    required: bool = False
    is_phone: bool = False


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One field as both sides hold it, and as the other side would hold each value; an empty text is no value.

    A translation is None when the other side has no place for the value, which then keeps its own. It is a refusal when
    the value has a place and it cannot be found.
    """

    bss: str
    psa: str
    to_psa: str | errors.Refused | None
    to_bss: str | errors.Refused | None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which directions are open, and whose value wins where both sides changed."""

    push: bool = True
    pull: bool = True
    master: Master = "bss"


class Decision(msgspec.Struct, frozen=True):
    """What becomes of one field; `lost` is the value that gives way, with its side, for the history."""

    action: Action
    lost: str = ""


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """What to write on each side, by field, and the fields whose values are now the agreed ones."""

    push: dict[str, str] = {}
    pull: dict[str, str] = {}
    agreed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_written(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.push or self.pull)


def merge(
    fields: Iterable[Field], seen: Mapping[str, Seen], agreed: Mapping[str, Agreed], policy: Policy
) -> Merge:
    """Decide every field of `seen`; raises the refusal of a value that has to be written and cannot be translated."""
    push: dict[str, str] = {}
    pull: dict[str, str] = {}
    settled: list[str] = []
    notes: list[str] = []
    for field in fields:
        now = seen.get(field.name)
        if now is None:
            continue
        decision = _allowed(decide(field, now, agreed.get(field.name), policy), policy)
        match decision.action:
            case "push":
                push[field.name] = _writable(now.to_psa)
            case "pull":
                pull[field.name] = _writable(now.to_bss)
            case "agree":
                settled.append(field.name)
        if decision.lost:
            notes.append(f"{field.name}: {decision.lost}")
    return Merge(push=push, pull=pull, agreed=tuple(settled), notes=tuple(notes))


def recovered(
    fields: Iterable[Field],
    seen: Mapping[str, Seen],
    agreed: Mapping[str, Agreed],
    *attempts: Mapping[str, Attempt],
) -> dict[str, Agreed]:
    """The agreed values with those of earlier runs that were broken off after their write; the last one named counts.

    A write took effect when the side no longer holds what it held before, and holds what was sent. Otherwise nothing was
    agreed on, and whatever changed is a change.
    """
    found = dict(agreed)
    for field, tried in itertools.product(tuple(fields), attempts):
        attempt, now = tried.get(field.name), seen.get(field.name)
        if attempt is None or now is None:
            continue
        if attempt.side == "target" and now.psa != attempt.target and alike(field, now.psa, attempt.sent):
            found[field.name] = Agreed(attempt.source, now.psa)
        if attempt.side == "source" and now.bss != attempt.source and alike(field, now.bss, attempt.sent):
            found[field.name] = Agreed(now.bss, attempt.target)
    return found


def attempts_of(merged: Merge, seen: Mapping[str, Seen]) -> dict[str, Attempt]:
    """What `merged` is about to write."""
    return {
        **{
            name: Attempt("target", seen[name].bss, seen[name].psa, sent)
            for name, sent in merged.push.items()
        },
        **{
            name: Attempt("source", seen[name].bss, seen[name].psa, sent)
            for name, sent in merged.pull.items()
        },
    }


def decide(field: Field, now: Seen, agreed: Agreed | None, policy: Policy) -> Decision:
    """What becomes of one field, whichever directions are open."""
    if agreed is None:
        return _first(field, now, policy)
    bss_changed = now.bss != agreed.source and not (field.required and not now.bss)
    psa_changed = now.psa != agreed.target and not (field.required and not now.psa)
    if not (bss_changed or psa_changed):
        return Decision("nothing")
    if _same(field, now):
        return Decision("agree")
    if bss_changed and psa_changed:
        return _conflict(field, now, policy)
    return _pushed(now) if bss_changed else _pulled(field, now)


def _first(field: Field, now: Seen, policy: Policy) -> Decision:
    """Nothing was agreed on yet: a value that only one side has is copied."""
    if _same(field, now):
        return Decision("agree")
    if not now.bss or now.to_psa == "":
        return _pulled(field, now)
    if not now.psa or now.to_bss == "":
        return _pushed(now)
    return _conflict(field, now, policy)


def _conflict(field: Field, now: Seen, policy: Policy) -> Decision:
    if policy.master == "bss":
        decision = _pushed(now)
        lost = f"ConnectWise had {now.psa!r}"
    else:
        decision = _pulled(field, now)
        lost = f"BSS had {now.bss!r}"
    return Decision(decision.action, lost if decision.action != "agree" else "")


def _pushed(now: Seen) -> Decision:
    return Decision("agree" if now.to_psa is None else "push")


def _pulled(field: Field, now: Seen) -> Decision:
    """A field that is not pulled keeps the value that another user gave it in ConnectWise."""
    return Decision("pull" if field.pulled and now.to_bss is not None else "agree")


def _allowed(decision: Decision, policy: Policy) -> Decision:
    """A value that may not be written now stays a difference: nothing is agreed, and it is written once it may be."""
    closed = (decision.action == "push" and not policy.push) or (
        decision.action == "pull" and not policy.pull
    )
    return Decision("nothing") if closed else decision


def _same(field: Field, now: Seen) -> bool:
    """Whether both sides say the same: compared in the form of either side."""
    return alike(field, now.to_psa, now.psa) or alike(field, now.bss, now.to_bss)


def alike(field: Field, one: str | errors.Refused | None, other: str | errors.Refused | None) -> bool:
    """Whether two texts of a field say the same: blanks and the form of phone numbers do not count."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    if field.is_phone and (digits := _digits(one)):
        return digits == _digits(other)
    return one_line(one) == one_line(other)


def _digits(number: str) -> str:
    """The digits of a number without the zeros before them: `+30 210` and `0030-210` are one number."""
    return re.sub(r"\D", "", number).lstrip("0")


def _writable(value: str | errors.Refused | None) -> str:
    if isinstance(value, errors.Refused):
        raise value
    assert value is not None  # noqa: S101 - a field without a translation is agreed on as it is
    return value
