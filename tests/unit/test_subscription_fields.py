"""What the addition of a subscription should hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.bss.reading import DocumentId
from cwbridge.connectors.connectwise import finance
from cwbridge.ledger.agreements import Agreed
from worker.billing import subscription_fields as fields

ID = DocumentId("1")
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
MAYBE = st.none() | DAYS
AMOUNTS = st.decimals(0, 10_000, places=2)


def moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


@given(DAYS, MAYBE, MAYBE, MAYBE)
def test_no_addition_begins_before_its_subscription_or_its_agreement(
    today: date, starts: date | None, begun: date | None, billed: date | None
) -> None:
    agreement = finance.Agreement(id=1, startDate=moment(begun), billStartDate=moment(billed))
    first = fields.first_day(bss.Subscription(id=ID, startDate=starts), agreement, today)
    assert first in {starts or today, billed, begun}
    assert first >= (starts or today)
    assert first >= (billed or begun or first)


@given(DAYS, MAYBE, MAYBE, MAYBE, st.sampled_from(["Active", "Cancelled", "In-Active", " cancelled "]))
def test_an_ended_addition_ends_once_and_never_before_it_begins(
    today: date, cancelled: date | None, ends: date | None, begun: date | None, status: str
) -> None:
    subscription = bss.Subscription(id=ID, status=status, cancelledDate=cancelled, endDate=ends)
    addition = finance.Addition(id=1, effectiveDate=moment(begun))
    last = fields.last_day(subscription, addition, None, today)
    assert (last is None) == (status == "Active")
    if last is None:
        return
    assert last >= (begun or last)
    later = date(2031, 1, 1)
    held = finance.Addition(id=1, effectiveDate=moment(begun), cancelledDate=moment(last))
    assert fields.last_day(subscription, held, Agreed(last.isoformat(), last.isoformat()), later) == last
    assert fields.last_day(subscription, held, None, later) == last


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_value_is_written_only_where_bss_changed_it(was: Decimal, now: Decimal, theirs: Decimal) -> None:
    def wanted(quantity: Decimal) -> fields.Fields:
        subscription = bss.Subscription(id=ID, quantity=quantity)
        return fields.fields(
            subscription, billable="DoNotBill", starts=fields.day(date(2026, 1, 1)), ends=None
        )

    def held(quantity: Decimal) -> fields.Held:
        addition = finance.Addition(
            id=1,
            quantity=quantity,
            billCustomer="DoNotBill",
            effectiveDate=moment(date(2026, 1, 1)),
        )
        return fields.held(addition, None)

    agreed = fields.agreed_on(held(was), wanted(was))
    written = fields.to_write(held(theirs), wanted(now), agreed, "bss")
    assert written == ({"quantity": now} if now not in (was, theirs) else {})
    told = fields.overridden(held(theirs), wanted(now), agreed, written)
    assert bool(told) == (now == was != theirs)
    settled = fields.agreed_on(held(theirs), wanted(now))
    assert fields.overridden(held(theirs), wanted(now), settled, {}) == ()


def test_an_emptied_amount_becomes_zero_and_one_that_never_was_is_not_sent() -> None:
    subscription = bss.Subscription(id=ID)
    wanted = fields.fields(subscription, billable="Billable", starts=fields.day(date(2026, 1, 1)), ends=None)
    held = fields.held(
        finance.Addition(
            id=1,
            quantity=Decimal(3),
            unitCost=Decimal(2),
            billCustomer="Billable",
            effectiveDate=moment(date(2026, 1, 1)),
        ),
        None,
    )
    agreed = {**fields.agreed_on(held, wanted), "quantity": Agreed("3", "3")}
    assert fields.to_write(held, wanted, agreed, "bss") == {"quantity": Decimal(0)}
    assert fields.to_write(held, wanted, {}, "bss") == {}
