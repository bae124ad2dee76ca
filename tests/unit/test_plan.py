"""The plan leads from any actual lines to the desired ones, and then has nothing left to do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from worker.opportunity import plan
from worker.opportunity.desired import DesiredOpportunity, Rules
from worker.psa import line_plan
from worker.psa.line_plan import ActualLine, PlannedLine
from worker.psa.records import (
    DesiredCompany,
    DesiredContact,
    DesiredLine,
    DesiredMember,
    DesiredProduct,
    DesiredSite,
)

amounts = st.decimals(min_value=-10_000, max_value=10_000, places=2, allow_nan=False)
line_keys = st.one_of(
    st.integers(1, 30).map("item:{}".format),
    st.integers(1, 5).map("labor:{}".format),
    st.integers(1, 5).map("factor:{}".format),
    st.just("shipping"),
)
foreign_external_ids = st.sampled_from(["", "other tool", "item:7", "item:7@NOTOURS", "quote 12@abcdefghij"])


@st.composite
def lines(draw, key=line_keys):
    return DesiredLine(
        key=draw(key),
        product=DesiredProduct(
            identifier=draw(st.sampled_from(["A", "B"])), qualified="X A", kind="equipment", description="d"
        ),
        quantity=draw(amounts),
        price=draw(amounts),
        cost=draw(amounts),
        description="d",
        customer_description="d",
    )


line_lists = st.lists(lines(), max_size=12, unique_by=lambda line: line.key).map(tuple)


def opportunity(wanted: tuple[DesiredLine, ...], name: str = "Lecture Hall 3") -> DesiredOpportunity:
    return DesiredOpportunity(
        external_id="jetbuilt:1",
        name=name,
        type_name="Jetbuilt Project",
        close_date=datetime(2026, 12, 1, tzinfo=UTC),
        notes="",
        rep=DesiredMember(),
        company=DesiredCompany(identity="jetbuilt:client:1", name="Northwind"),
        contact=DesiredContact(identity="jetbuilt:contact:none", first_name="Main Contact"),
        site=DesiredSite(identity="jetbuilt:site:main", name="Main"),
        lines=wanted,
    )


def actual_line(number: int, external_id: str) -> ActualLine:
    return ActualLine(id=number, external_id=external_id, own=plan.is_own(external_id))


def carried_out(
    actual: list[ActualLine], step: line_plan.LinePlan, *, only: int | None = None
) -> list[ActualLine]:
    """What ConnectWise holds after the writes of `step`, or after its first `only` writes."""
    writes: list[PlannedLine | int] = [*step.creates, *step.deletes]
    done = writes if only is None else writes[:only]
    deleted = {write for write in done if isinstance(write, int)}
    next_id = max((line.id for line in actual), default=0) + 1
    created = [
        actual_line(next_id + offset, write.external_id)
        for offset, write in enumerate(write for write in done if isinstance(write, PlannedLine))
    ]
    return [line for line in actual if line.id not in deleted] + created


@st.composite
def standing(draw, *projects: DesiredOpportunity):
    """Any mixture of lines of several versions, doubled ones and foreign ones."""
    rules = draw(st.sampled_from([Rules(line_strategy="recreate"), Rules(line_strategy="changed")]))
    ours = [
        planned_lines.external_id
        for project in projects
        for planned_lines in plan.planned_lines(project, rules)
    ]
    external_ids = draw(
        st.lists(
            st.one_of(foreign_external_ids, st.sampled_from(ours) if ours else foreign_external_ids),
            max_size=25,
        )
    )
    return rules, [
        actual_line(number, external_id) for number, external_id in enumerate(external_ids, start=1)
    ]


@given(st.data(), line_lists, line_lists)
def test_carrying_out_the_plan_gives_the_desired_lines_and_leaves_foreign_ones(data, wanted, before):
    rules, actual = data.draw(standing(opportunity(wanted), opportunity(before)))
    desired = plan.planned_lines(opportunity(wanted), rules)

    after = carried_out(actual, line_plan.plan(desired, actual))

    assert sorted(line.external_id for line in after if line.own) == sorted(
        line.external_id for line in desired
    )
    assert [line for line in after if not line.own] == [line for line in actual if not line.own]


@given(st.data(), line_lists, line_lists)
def test_planning_again_gives_nothing(data, wanted, before):
    rules, actual = data.draw(standing(opportunity(wanted), opportunity(before)))
    desired = plan.planned_lines(opportunity(wanted), rules)

    after = carried_out(actual, line_plan.plan(desired, actual))

    again = line_plan.plan(desired, after)
    assert again.empty
    assert again.kept == len(desired)


@given(st.data(), line_lists, line_lists)
def test_a_crash_after_any_number_of_writes_continues_where_it_stopped(data, wanted, before):
    rules, actual = data.draw(standing(opportunity(wanted), opportunity(before)))
    desired = plan.planned_lines(opportunity(wanted), rules)
    first = line_plan.plan(desired, actual)
    done = data.draw(st.integers(0, len(first.creates) + len(first.deletes)))

    crashed = carried_out(actual, first, only=done)
    second = line_plan.plan(desired, crashed)

    assert len(second.creates) + len(second.deletes) == len(first.creates) + len(first.deletes) - done
    assert line_plan.plan(desired, carried_out(crashed, second)).empty


def as_written(desired: DesiredOpportunity, rules: Rules) -> list[ActualLine]:
    return [
        actual_line(number, planned.external_id)
        for number, planned in enumerate(plan.planned_lines(desired, rules), start=1)
    ]


@given(line_lists.filter(bool), st.data())
def test_recreate_replaces_every_line_when_one_changes(wanted, data):
    rules = Rules(line_strategy="recreate")
    place = data.draw(st.integers(0, len(wanted) - 1))
    edited = list(wanted)
    edited[place] = msgspec.structs.replace(wanted[place], price=wanted[place].price + 1)

    step = line_plan.plan(
        plan.planned_lines(opportunity(tuple(edited)), rules), as_written(opportunity(wanted), rules)
    )

    assert len(step.creates) == len(step.deletes) == len(wanted)


@given(line_lists, st.sampled_from(["recreate", "changed"]))
def test_a_change_of_the_header_alone_replaces_no_line(wanted, strategy):
    rules = Rules(line_strategy=strategy)
    renamed = opportunity(wanted, name="Renamed")

    step = line_plan.plan(plan.planned_lines(renamed, rules), as_written(opportunity(wanted), rules))

    assert step.empty
    assert plan.content(renamed, rules) != plan.content(opportunity(wanted), rules)


@given(line_lists.filter(bool), st.data())
def test_changed_replaces_only_the_line_that_changed(wanted, data):
    rules = Rules(line_strategy="changed")
    before = as_written(opportunity(wanted), rules)
    place = data.draw(st.integers(0, len(wanted) - 1))
    edited = list(wanted)
    edited[place] = msgspec.structs.replace(wanted[place], price=wanted[place].price + 1)

    step = line_plan.plan(plan.planned_lines(opportunity(tuple(edited), name="Renamed"), rules), before)

    assert [planned_lines.line.key for planned_lines in step.creates] == [wanted[place].key]
    assert step.deletes == (place + 1,)


@given(line_lists)
def test_marks_fit_and_are_recognised_as_ours(wanted):
    for rules in (Rules(line_strategy="recreate"), Rules(line_strategy="changed")):
        external_ids = [
            planned_lines.external_id for planned_lines in plan.planned_lines(opportunity(wanted), rules)
        ]
        assert len(set(external_ids)) == len(external_ids)
        assert all(len(external_id) <= 50 and plan.is_own(external_id) for external_id in external_ids)


def test_the_longest_jetbuilt_id_fits_into_an_external_id():
    line = DesiredLine(
        key=f"package:{2**63 - 1}",
        product=DesiredProduct(identifier="A", qualified="X A", kind="service", description="d"),
        quantity=Decimal(1),
        price=Decimal(1),
        cost=Decimal(1),
        description="d",
        customer_description="d",
    )

    (planned_lines,) = plan.planned_lines(opportunity((line,)), Rules())

    assert len(planned_lines.external_id) <= 50
    assert plan.is_own(planned_lines.external_id)


ODD = DesiredLine(
    key="item:1",
    product=DesiredProduct(identifier="A", qualified="X A", kind="equipment", description="d"),
    quantity=Decimal(100),
    price=Decimal("5.2456"),
    cost=Decimal("3.1"),
    description="d",
    customer_description="d",
)


def judged(**held: object) -> line_plan.LinePlan:
    """The plan for one line of which ConnectWise holds other amounts, where drift is repaired."""
    (planned,) = plan.planned_lines(opportunity((ODD,)), Rules())
    amounts = {"quantity": ODD.quantity, "price": ODD.price, "cost": ODD.cost, **held}
    actual = msgspec.structs.replace(actual_line(1, planned.external_id), **amounts)
    return line_plan.plan((planned,), (actual,), line_plan.LinePolicy(repair_drift=True))


def test_what_connectwise_made_of_our_own_amounts_stays_and_is_told_as_rounding():
    step = judged(price=Decimal("5.2"), accepted=True)

    assert step.empty
    assert [(one.what, one.difference) for one in step.discrepancies] == [
        ("was rounded by ConnectWise", Decimal("4.56"))
    ]


def test_amounts_that_another_user_changed_are_repaired_and_told_as_that():
    step = judged(price=Decimal("5.26"))

    assert [line.line.key for line in step.creates] == ["item:1"]
    assert step.deletes == (1,)
    assert [one.what for one in step.discrepancies] == ["was changed in ConnectWise by another user"]


def test_without_the_ledger_a_rounded_amount_is_not_blamed_on_another_user():
    assert [one.what for one in judged(price=Decimal("5.25")).discrepancies] == ["was rounded by ConnectWise"]
