"""Documents of BSS end in ConnectWise as BSS has them, in any order of arrival and after any history of edits, kills and losses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from sandbox.faults import FaultRule
from tests.support import broken_off, sales_steps
from tests.support.one_sandbox import Stage, emptied
from tests.support.pairs import Pairs
from tests.support.sales import Sales
from tests.support.sales_books import SalesBooks, compared
from tests.support.sales_steps import (
    HISTORIES,
    Changed,
    Described,
    Killed,
    KilledInWrite,
    Polled,
    Step,
    Synced,
    Wiped,
)


class History:
    """Plays steps on the sales of an account."""

    def __init__(self, pairs: Pairs, sales: Sales) -> None:
        self.pairs = pairs
        self.sales = sales

    async def play(self, step: Step) -> None:
        bench = self.pairs.bench
        match step:
            case Synced():
                await self.sync(lost=step.lost)
            case Polled():
                await bench.sync()
            case Killed():
                await broken_off.after_calls(bench.box, bench.sync(full=step.full), step.calls)
            case KilledInWrite():
                work = bench.sync(full=True)
                await broken_off.in_write(bench.box, work, step.method, step.writes, path=step.path)
            case Wiped():
                await self.pairs.wipe()
            case _:
                sales_steps.edit(self.sales, step)

    async def sync(self, *, lost: int = 0) -> None:
        """Until nothing is due; afterwards ConnectWise holds what BSS says."""
        faults = self.pairs.bench.box.connectwise_faults
        for method in ("POST", "PATCH", "DELETE") if lost else ():
            faults.add(
                FaultRule(name=method, action="lose", method=method, path="/*", after=lost, times=lost)
            )
        await self.pairs.bench.settled(full=True)
        faults.clear()
        assert SalesBooks(self.sales).differences() == []


@pytest.fixture(scope="module")
def stage(redis_url: str) -> Iterator[Stage]:
    with Stage.opened(redis_url) as opened:
        yield opened


def begun(pairs: Pairs) -> Sales:
    """An account that nothing is in ConnectWise of, in a namespace of its own."""
    emptied(pairs)
    sales = Sales(pairs)
    sales.clear_connectwise()
    return sales


@pytest.mark.tens_of_seconds
@settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@example(
    history=[
        Described("order", "One"),
        KilledInWrite("POST", 0, "/sales/orders"),
        Described("order", "Another"),
        KilledInWrite("POST", 0, "/finance/invoices/*/payments"),
        Changed("payments", 0, {"amount": Decimal("4.20")}),
    ],
    knows_by_notes=True,
)
@example(history=[Synced(), Wiped()], knows_by_notes=False)
@example(
    history=[
        Changed("subscriptions", 0, {"quantity": Decimal(12)}),
        Described("order", "One"),
        Changed("payments", 0, {"amount": Decimal("3.00")}),
        Synced(),
        Changed("subscriptions", 0, {"quantity": Decimal(3)}),
        KilledInWrite("PATCH", 0, "/finance/agreements/*/additions/*"),
        Described("order", "Another"),
        KilledInWrite("PATCH", 0, "/sales/orders/*"),
        Changed("payments", 0, {"amount": Decimal("4.20")}),
        KilledInWrite("PATCH", 0, "/finance/invoices/*/payments/*"),
        # Each value is taken back before a run has seen what the broken-off one wrote.
        Changed("subscriptions", 0, {"quantity": Decimal(12)}),
        Described("order", "One"),
        Changed("payments", 0, {"amount": Decimal("3.00")}),
    ],
    knows_by_notes=False,
)
@given(history=HISTORIES, knows_by_notes=st.booleans())
def test_every_history_ends_with_what_bss_says(
    stage: Stage, history: list[Step], *, knows_by_notes: bool
) -> None:
    """Where records tell neither whose they are nor who wins, only the notes in Redis do, so that Redis is not lost there."""
    stage.pairs.choose(master="connectwise" if knows_by_notes else "bss")
    stage.pairs.connectwise.modes.applied_by = "drop" if knows_by_notes else "keep"
    steps = [step for step in history if not (knows_by_notes and isinstance(step, Wiped))]
    stage.run(played(stage.pairs, steps))


async def played(pairs: Pairs, history: list[Step]) -> None:
    sales = begun(pairs)
    story = History(pairs, sales)
    try:
        await pairs.settle(f"bss/account/{sales.account}", f"bss/contact/{sales.person}")
        company, contact = await pairs.company_of(sales.account), await pairs.contact_of(sales.person)
        sales.has_agreement(company["id"], contact["id"])
        for step in history:
            await story.play(step)
        await story.sync()
        written = len(pairs.written())
        for _ in range(2):
            await story.sync()
        assert pairs.written()[written:] == []
    finally:
        await pairs.wipe()


class Arrival(msgspec.Struct, frozen=True):
    """The sales of an account, and the records that the natural order of their keys leads to."""

    sales: Sales
    natural: Counter[str]


@pytest.fixture
def arrival(stage: Stage) -> Arrival:
    stage.pairs.choose(master="bss")
    stage.pairs.connectwise.modes.applied_by = "keep"
    sales = begun(stage.pairs)
    sales.advance("draft")
    for key in sales.job_keys():
        stage.run(stage.pairs.settle(key))
    return Arrival(sales, SalesBooks(sales).records())


@pytest.mark.tens_of_seconds
@settings(
    max_examples=3,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@example(order=list(range(9, -1, -1)), ends=[True] * 10, polls=set())
@given(
    order=st.permutations(range(10)),
    ends=st.lists(st.booleans(), min_size=10, max_size=10),
    polls=st.sets(st.integers(0, 9), max_size=2),
)
def test_every_order_of_arrival_ends_as_the_natural_one(
    stage: Stage, arrival: Arrival, order: list[int], ends: list[bool], polls: set[int]
) -> None:
    """The keys arrive in that order; those up to one that ends a group run together, and polls come after some of them."""
    stage.run(arrived(stage.pairs, arrival, order, ends, polls))


async def arrived(
    pairs: Pairs, arrival: Arrival, order: list[int], ends: list[bool], polls: set[int]
) -> None:
    sales = arrival.sales
    books = SalesBooks(sales)
    await pairs.wipe()
    sales.clear_connectwise()
    keys = sales.job_keys()
    group: list[str] = []
    for place, number in enumerate(order):
        group.append(keys[number])
        if ends[place] or place == len(order) - 1:
            await pairs.bench.sync(*group)
            group = []
        if place in polls:
            await pairs.bench.sync()
    await pairs.bench.settled()
    assert list(compared("record", arrival.natural, books.records())) == []
    assert books.differences() == []
    await pairs.assert_quiet(*keys)
