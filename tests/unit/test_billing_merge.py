"""The three-way merge: any interleaving of edits on both sides ends in agreement by the rules, and then nothing is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge import errors
from cwbridge.ledger.agreements import Agreed
from cwbridge.ledger.attempts import Attempt
from cwbridge.text import clip, one_line
from worker.billing.merge import Field, Policy, Seen, attempts_of, decide, merge, recovered

FIELD = Field(name="phone", is_phone=True)
BOTH = Policy()
LENGTH = 12
Server = Callable[[str], str]
SERVERS: dict[str, Server] = {
    "keeps": lambda text: text,
    "trims": lambda text: " ".join(text.split()),
    "digits": lambda text: re.sub(r"\D", "", text) or text,
    "plus": lambda text: "+" + re.sub(r"\D", "", text) if re.search(r"\d", text) else text,
}
VALUES = st.sampled_from(
    ["", "1", "2", " 1 ", "+30 (210) 4", "0030-210-4", "30 210 5", "x", "a number that is far too long 7"]
)
NUMBERS = ["1", "+30 (210) 4", "0030-210-5"]
EDITS = st.lists(st.tuples(st.sampled_from(["bss", "psa", "sync", "lost"]), VALUES), max_size=12)


class Tenants(msgspec.Struct):
    """One field on two servers that store texts in their own form, and what both last agreed on."""

    policy: Policy
    bss_server: Server
    psa_server: Server
    bss: str = ""
    psa: str = ""
    agreed: Agreed | None = None
    attempts: dict[str, Attempt] = {}
    writes: int = 0

    def edit(self, side: str, value: str) -> None:
        if side == "bss":
            self.bss = self.bss_server(value)
        else:
            self.psa = self.psa_server(value)

    @property
    def seen(self) -> Seen:
        return Seen(
            bss=self.bss, psa=self.psa, to_psa=clip(one_line(self.bss), LENGTH), to_bss=one_line(self.psa)
        )

    def sync(self, *, answered: bool = True) -> None:
        """One run; without an answer it is broken off after its write."""
        seen = {"phone": self.seen}
        known = {} if self.agreed is None else {"phone": self.agreed}
        agreed = recovered([FIELD], seen, known, self.attempts)
        merged = merge([FIELD], seen, agreed, self.policy)
        self.attempts = attempts_of(merged, seen) or self.attempts
        self.writes += len(merged.push) + len(merged.pull)
        for value in merged.push.values():
            self.psa = self.psa_server(value)
        for value in merged.pull.values():
            self.bss = self.bss_server(value)
        if not answered:
            return
        self.attempts = {}
        self.agreed = agreed.get("phone")
        if merged.is_written or merged.agreed:
            self.agreed = Agreed(self.bss, self.psa)


def tenants(master: Literal["bss", "connectwise"], one: str, other: str) -> Tenants:
    return Tenants(Policy(master=master), SERVERS[one], SERVERS[other])


@given(
    master=st.sampled_from(["bss", "connectwise"]),
    one=st.sampled_from(sorted(SERVERS)),
    other=st.sampled_from(sorted(SERVERS)),
    edits=EDITS,
)
def test_after_a_run_two_more_write_nothing(master, one, other, edits) -> None:
    pair = tenants(master, one, other)
    for what, value in edits:
        if what in {"bss", "psa"}:
            pair.edit(what, value)
        else:
            pair.sync(answered=what == "sync")
    pair.sync()
    written = pair.writes
    held = (pair.bss, pair.psa)
    pair.sync()
    pair.sync()
    assert pair.writes == written
    assert (pair.bss, pair.psa) == held


@given(
    master=st.sampled_from(["bss", "connectwise"]),
    one=st.sampled_from(sorted(SERVERS)),
    other=st.sampled_from(sorted(SERVERS)),
    side=st.sampled_from(["bss", "psa"]),
    values=st.tuples(VALUES, VALUES),
)
def test_a_change_on_one_side_reaches_the_other_whoever_is_master(master, one, other, side, values) -> None:
    before, value = values
    pair = tenants(master, one, other)
    pair.edit("bss", before)
    pair.sync()
    pair.edit(side, value)
    changed = getattr(pair, side)
    pair.sync()
    assert getattr(pair, side) == changed
    if side == "bss":
        assert alike(pair.psa, pair.psa_server(clip(one_line(changed), LENGTH)))
    else:
        assert alike(pair.bss, pair.bss_server(one_line(changed)))


@given(
    master=st.sampled_from(["bss", "connectwise"]),
    one=st.sampled_from(sorted(SERVERS)),
    other=st.sampled_from(sorted(SERVERS)),
    side=st.sampled_from(["bss", "psa"]),
    values=st.permutations(NUMBERS),
)
def test_an_edit_after_a_lost_answer_is_not_undone_whoever_is_master(
    master, one, other, side, values
) -> None:
    pair = tenants(master, one, other)
    before, value, latest = values
    pair.edit("bss", before)
    pair.sync()
    pair.edit(side, value)
    pair.sync(answered=False)
    pair.edit(side, latest)
    pair.sync()
    assert alike(pair.bss, latest)
    assert alike(pair.psa, latest)


@given(master=st.sampled_from(["bss", "connectwise"]), before=VALUES, in_bss=VALUES, in_psa=VALUES)
def test_of_two_changes_the_master_wins(master, before, in_bss, in_psa) -> None:
    pair = tenants(master, "keeps", "keeps")
    pair.edit("bss", before)
    pair.sync()
    held = (pair.bss, pair.psa)
    pair.edit("bss", in_bss)
    pair.edit("psa", in_psa)
    pair.sync()
    bss_wins = in_bss != held[0] and (master == "bss" or in_psa == held[1])
    psa_wins = in_psa != held[1] and not bss_wins
    if bss_wins:
        assert alike(pair.bss, in_bss)
        assert alike(clip(pair.psa, LENGTH), clip(one_line(in_bss), LENGTH))
    if psa_wins:
        assert alike(pair.bss, in_psa)
        assert alike(pair.psa, in_psa)


def alike(one: str, other: str) -> bool:
    """The same number, or the same text where there is no digit."""
    digits = [re.sub(r"\D", "", text).lstrip("0") for text in (one, other)]
    return digits[0] == digits[1] if any(digits) else one_line(one) == one_line(other)


def seen(bss: str, psa: str, **more: object) -> Seen:
    return Seen(**{"bss": bss, "psa": psa, "to_psa": bss, "to_bss": psa, **more})  # type: ignore[arg-type]


NAME = Field(name="name", required=True)
TITLE = Field(name="title")
OWN = Field(name="currency", pulled=False)


@pytest.mark.parametrize(
    ("field", "now", "agreed", "policy", "action"),
    [
        (TITLE, seen("a", ""), None, BOTH, "push"),
        (TITLE, seen("", "b"), None, BOTH, "pull"),
        (TITLE, seen("", ""), None, BOTH, "agree"),
        (TITLE, seen("a", "b"), None, BOTH, "push"),
        (TITLE, seen("a", "b"), None, Policy(master="connectwise"), "pull"),
        (TITLE, seen("", "a"), ("a", "a"), BOTH, "push"),
        (TITLE, seen("a", ""), ("a", "a"), BOTH, "pull"),
        (NAME, seen("", "a"), ("a", "a"), BOTH, "nothing"),
        (NAME, seen("", "b"), ("a", "a"), BOTH, "pull"),
        (NAME, seen("b", ""), ("a", "a"), Policy(master="connectwise"), "push"),
        (OWN, seen("a", "b"), ("a", "a"), BOTH, "agree"),
        (OWN, seen("b", "c"), ("a", "a"), BOTH, "push"),
        (OWN, seen("b", "c"), ("a", "a"), Policy(master="connectwise"), "agree"),
        (TITLE, seen("b", "a", to_psa=None), ("a", "a"), BOTH, "agree"),
        (TITLE, seen("a", "b", to_psa=None), None, BOTH, "agree"),
        (TITLE, seen("CW-X", "1", to_psa=""), None, BOTH, "pull"),
    ],
)
def test_each_rule(field, now, agreed, policy, action) -> None:
    known = None if agreed is None else Agreed(*agreed)
    assert decide(field, now, known, policy).action == action


def test_a_direction_that_is_closed_leaves_the_difference_open() -> None:
    closed = Policy(push=False)
    merged = merge([TITLE], {"title": seen("b", "a")}, {"title": Agreed("a", "a")}, closed)
    assert (merged.push, merged.pull, merged.agreed) == ({}, {}, ())


def test_a_value_that_cannot_be_translated_refuses_only_where_it_is_written() -> None:
    refusal = errors.MappingRefused("unknown country")
    unchanged = seen("Japan", "5", to_psa=refusal)
    assert merge([TITLE], {"title": unchanged}, {"title": Agreed("Japan", "5")}, BOTH).push == {}
    with pytest.raises(errors.MappingRefused):
        merge([TITLE], {"title": unchanged}, {"title": Agreed("Greece", "5")}, BOTH)


def test_the_value_that_gives_way_is_told() -> None:
    merged = merge([TITLE], {"title": seen("a", "b")}, {"title": Agreed("x", "y")}, BOTH)
    assert merged.notes == ("title: ConnectWise had 'b'",)
