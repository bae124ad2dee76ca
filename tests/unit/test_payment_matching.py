"""Payments of one invoice, matched one at a time in any order: each payment of BSS gets one in ConnectWise, and none gets two."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.billing.payment_fields import PaymentValues
from worker.billing.payment_matching import Entry, equal, marked

MEMBER = "apibridge"
DAY = date(2026, 5, 10)
Keeps = Literal["keep", "member", "drop", "cut"]
Ending = Literal["linked", "killed", "lost", "never sent"]
KEPT: list[Keeps] = ["keep", "member", "drop", "cut"]
ENDINGS: list[Ending] = ["linked", "killed", "lost", "never sent"]

values = st.builds(
    PaymentValues,
    amount=st.sampled_from([Decimal("21.00"), Decimal("-21.00"), Decimal("4.2")]),
    day=st.sampled_from([DAY, date(2026, 5, 11)]),
    type=st.sampled_from(["Check", "CreditCard"]),
)


class Server:
    """The payments of one invoice in ConnectWise, and what the ledger knows of them."""

    def __init__(self, keeps: Keeps) -> None:
        self.keeps = keeps
        self.rows: list[Entry] = []
        self.links: dict[str, int] = {}

    def create(self, external_id: str, wanted: PaymentValues) -> int:
        told = {"keep": external_id, "member": MEMBER, "drop": "", "cut": external_id[:12]}[self.keeps]
        number = len(self.rows) + 1
        self.rows.append(
            Entry(
                id=number,
                amount=wanted.amount,
                day=wanted.day,
                type=wanted.type,
                applied_by=told,
                is_own=told == MEMBER,
            )
        )
        return number

    def entries(self, external_id: str) -> list[Entry]:
        taken = {target for owner, target in self.links.items() if owner != external_id}
        return [msgspec.structs.replace(row, is_taken=row.id in taken) for row in self.rows]

    def run(self, external_id: str, wanted: PaymentValues, ending: Ending) -> None:
        """One run of a payment without a link, under the lock of the invoice, which ends early in some way."""
        if external_id in self.links:
            return
        entries = self.entries(external_id)
        found = next(iter(marked(external_id, entries)), None) or equal(external_id, wanted, entries)
        if found is not None:
            self.links[external_id] = found.id
        elif ending != "never sent":
            number = self.create(external_id, wanted)
            if ending == "linked":
                self.links[external_id] = number


@given(
    st.sampled_from(KEPT),
    st.lists(values, min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(ENDINGS), st.booleans()), max_size=12),
    st.randoms(use_true_random=False),
)
def test_in_any_order_and_however_runs_end_each_payment_is_there_once(
    keeps: Keeps,
    payments: list[PaymentValues],
    runs: list[tuple[int, Ending, bool]],
    order: random.Random,
) -> None:
    server = Server(keeps)
    ids = [f"cwbridge:{number}{'0' * 12}" for number in range(len(payments))]
    for number, ending, is_wiped in runs:
        which = number % len(payments)
        server.run(ids[which], payments[which], ending)
        if is_wiped:
            server.links.clear()
    for which in order.sample(range(len(payments)), len(payments)):
        server.run(ids[which], payments[which], "linked")
    assert sorted(server.links) == sorted(ids)
    assert sorted(server.links.values()) == [row.id for row in server.rows]
    by_id = {row.id: row for row in server.rows}
    for external_id, wanted in zip(ids, payments, strict=True):
        row = by_id[server.links[external_id]]
        assert (row.amount, row.day) == (wanted.amount, wanted.day)


@given(st.sampled_from(KEPT), st.lists(values, max_size=5), values)
def test_a_payment_of_another_member_with_a_name_is_never_taken(
    keeps: Keeps, payments: list[PaymentValues], theirs: PaymentValues
) -> None:
    server = Server(keeps)
    by_hand = Entry(id=1, amount=theirs.amount, day=theirs.day, type=theirs.type, applied_by="Ann")
    server.rows.append(by_hand)
    for number, wanted in enumerate(payments):
        server.run(f"cwbridge:{number}{'0' * 12}", wanted, "linked")
    assert len(server.rows) == len(payments) + 1
    assert by_hand.id not in server.links.values()


def test_the_type_decides_between_equal_ones_and_then_the_first() -> None:
    wanted = PaymentValues(amount=Decimal(21), day=DAY, type="CreditCard")
    rows = [
        Entry(id=number, amount=Decimal("21.00"), day=DAY, type=type_)
        for number, type_ in ((3, "Check"), (5, "creditcard"), (7, "CreditCard"), (2, "Check"))
    ]
    found = equal("cwbridge:1", wanted, rows)
    assert found is not None
    assert found.id == 5
    other = equal("cwbridge:1", msgspec.structs.replace(wanted, type="Wire"), rows)
    assert other is not None
    assert other.id == 2


@pytest.mark.parametrize(
    ("fields", "is_found"),
    [
        ({}, True),
        ({"applied_by": "cwbridge:5f0c"}, True),
        ({"applied_by": "cwbridge:5f0c2a1e-ffff"}, False),
        ({"applied_by": "cwbridge:77"}, False),
        ({"applied_by": "Ann"}, False),
        ({"applied_by": MEMBER, "is_own": True}, True),
        ({"is_taken": True}, False),
        ({"amount": None}, False),
        ({"amount": Decimal("21.004")}, True),
        ({"amount": Decimal("21.01")}, False),
        ({"amount": Decimal(-21)}, False),
        ({"day": None}, False),
        ({"day": date(2026, 5, 11)}, False),
    ],
)
def test_what_may_be_ours_without_the_external_id(fields: dict[str, object], *, is_found: bool) -> None:
    wanted = PaymentValues(amount=Decimal(21), day=DAY, type="Check")
    entry = msgspec.structs.replace(Entry(id=1, amount=Decimal("21.00"), day=DAY), **fields)
    assert (equal("cwbridge:5f0c2a1e-7d44", wanted, [entry]) is not None) is is_found
