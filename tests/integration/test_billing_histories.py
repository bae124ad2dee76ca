"""Any history of edits on both sides, polls, kills, lost answers and a lost Redis ends with both sides equal, as the merge rules say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from sandbox.faults import FaultRule
from tests.support import broken_off
from tests.support.houses import HOUSES, Houses, Noun
from tests.support.merging import Side
from tests.support.one_sandbox import Stage, emptied
from tests.support.pairs import Pairs

VALUES = st.sampled_from(["", "1", "22", "333"])


class Edit(msgspec.Struct, frozen=True):
    """A user changes or empties a field on one side."""

    noun: Noun
    house: str
    side: Side
    place: int
    value: str


class Joined(msgspec.Struct, frozen=True):
    """A user makes another contact on one side."""

    house: str
    side: Side
    values: tuple[str, str, str]


class Chosen(msgspec.Struct, frozen=True):
    """A user of BSS makes a contact a primary one: the first of the house, or the last."""

    house: str
    place: Literal[0, -1]


class Synced(msgspec.Struct, frozen=True):
    """Everything is synced, while so many answers to writes are lost."""

    lost: int = 0


class Polled(msgspec.Struct, frozen=True):
    """The polls and the jobs that they enqueue; a sync that was killed before leaves jobs to it."""


class Killed(msgspec.Struct, frozen=True):
    """A sync is broken off after so many calls."""

    calls: int
    full: bool


class KilledInWrite(msgspec.Struct, frozen=True):
    """A sync is broken off when so many writes of a method were answered and the next one took effect, before its answer arrives."""

    method: Literal["POST", "PATCH", "DELETE"]
    writes: int


class Wiped(msgspec.Struct, frozen=True):
    """Redis loses everything."""


Step = Edit | Joined | Chosen | Synced | Polled | Killed | KilledInWrite | Wiped
SIDES: st.SearchStrategy[Side] = st.sampled_from(["bss", "psa"])
EDITS = st.builds(
    Edit,
    noun=st.sampled_from(["account", "contact"]),
    house=st.sampled_from(HOUSES),
    side=SIDES,
    place=st.integers(0, 2),
    value=VALUES,
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    EDITS,
    EDITS,
    EDITS,
    st.builds(Joined, house=st.sampled_from(HOUSES), side=SIDES, values=st.tuples(VALUES, VALUES, VALUES)),
    st.builds(Chosen, house=st.sampled_from(HOUSES), place=st.sampled_from([0, -1])),
    st.builds(Synced, lost=st.integers(0, 3)),
    st.just(Polled()),
    st.builds(Killed, calls=st.integers(1, 60), full=st.booleans()),
    st.builds(
        KilledInWrite, method=st.sampled_from(["POST", "PATCH", "PATCH", "DELETE"]), writes=st.integers(0, 3)
    ),
    st.just(Wiped()),
)
HISTORIES = st.lists(STEPS, min_size=4, max_size=14)
MASTERS: st.SearchStrategy[Side] = st.sampled_from(["bss", "psa"])


class History:
    """Plays steps on the houses, and holds them to their model after each sync."""

    def __init__(self, houses: Houses) -> None:
        self.houses = houses
        self.pairs = houses.pairs
        self.model = houses.model

    async def play(self, step: Step, number: int) -> None:
        pairs = self.pairs
        match step:
            case Edit():
                self.houses.edit(step.noun, step.house, step.side, step.place, step.value)
            case Joined():
                self.houses.join(step.house, step.side, step.values, f"person{number}")
            case Chosen():
                for row in self.houses.people(step.house)[step.place :][:1]:
                    pairs.edit_person(row["id"], isPrimary=True)
            case Synced():
                await self.sync(lost=step.lost)
            case Polled():
                await pairs.bench.sync()
                self.model.broken_off(self.houses.seen())
            case Killed():
                await broken_off.after_calls(pairs.bench.box, pairs.bench.sync(full=step.full), step.calls)
                self.model.broken_off(self.houses.seen())
            case KilledInWrite():
                work = pairs.bench.sync(full=True)
                await broken_off.in_write(pairs.bench.box, work, step.method, step.writes)
                self.model.broken_off(self.houses.seen())
            case Wiped():
                await pairs.wipe()
                self.model.forgotten()

    async def sync(self, *, lost: int = 0) -> None:
        """Until nothing is due; afterwards both sides hold what the model says."""
        box = self.pairs.bench.box
        for faults in (box.connectwise_faults, box.bss_faults):
            for method in ("POST", "PATCH", "DELETE"):
                rule = FaultRule(
                    name=method, action="lose", method=method, path="/*c*", after=lost, times=lost
                )
                if lost:
                    faults.add(rule)
        await self.pairs.bench.settled(full=True)
        box.connectwise_faults.clear()
        box.bss_faults.clear()
        self.model.synced()
        assert list(self.model.allows(self.houses.seen())) == []
        for house in HOUSES if self.model.master == "bss" else ():
            self._assert_default_contact(house)

    def _assert_default_contact(self, house: str) -> None:
        primary = next((row for row in self.houses.people(house) if row["isPrimary"]), None)
        company = self.houses.company(house)
        assert company is not None
        if primary is not None:
            contact = self.houses.row(("contact", primary["email"]), "psa")
            assert contact is not None
            assert company["defaultContact"] == {"id": contact["id"]}


@pytest.fixture(scope="module")
def stage(redis_url: str) -> Iterator[Stage]:
    with Stage.opened(redis_url) as opened:
        yield opened


@pytest.mark.tens_of_seconds
@settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@example(
    history=[
        Synced(),
        Edit("account", "Ash", "bss", 0, "22"),
        KilledInWrite("PATCH", 0),
        Edit("account", "Ash", "bss", 0, "333"),
    ],
    master="psa",
)
@given(history=HISTORIES, master=MASTERS)
def test_every_history_ends_with_both_sides_equal_by_the_merge_rules(
    stage: Stage, history: list[Step], master: Side
) -> None:
    stage.run(played(stage.pairs, history, master))


async def played(pairs: Pairs, history: list[Step], master: Side) -> None:
    emptied(pairs)
    houses = Houses(pairs, master)
    houses.begin()
    story = History(houses)
    try:
        for number, step in enumerate(history):
            await story.play(step, number)
        await story.sync()
        houses.assert_nothing_is_double()
        written = len(pairs.written())
        for _ in range(2):
            await story.sync()
        assert pairs.written()[written:] == []
    finally:
        await pairs.wipe()
