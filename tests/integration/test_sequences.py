"""Any sequence of edits, versions, option changes and deletions ends with ConnectWise equal to the last state of Jetbuilt."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cwbridge import redis as redis_module
from sandbox.server import Options
from sandbox.world.model import Option, Project, Stage
from tests.support import worlds
from tests.support.bench import Bench

CENTS = st.integers(1, 500_000).map(lambda cents: Decimal(cents) / 100)
STAGES: tuple[Stage, ...] = ("proposal", "contract", "lost", "trash", "template")
Step = Callable[[Bench, int], None]


def named(step: Step, what: str) -> Step:
    """So that a failing history can be read."""
    step.__name__ = step.__qualname__ = what
    return step


def active(bench: Bench, family: int) -> Project | None:
    """The active version, None once the project is deleted."""
    records = bench.box.jetbuilt.projects.listed
    return next((record.project for record in records if record.project.family_id == family), None)


def own_lines(project: Project) -> list[int]:
    return [line.id for line in project.lines if line.option_id is None and line.kind == "physical"]


@st.composite
def line_edits(draw: st.DrawFn) -> Step:
    place, price, quantity = draw(st.integers(0, 500)), draw(CENTS), draw(st.integers(1, 40))

    def step(bench: Bench, family: int) -> None:
        project = active(bench, family)
        if project is not None and (lines := own_lines(project)):
            bench.box.jetbuilt.edit_line(
                project.id, lines[place % len(lines)], price=price, quantity_per_room=Decimal(quantity)
            )

    return named(step, f"edit_line({place}, {price}, {quantity})")


@st.composite
def removals(draw: st.DrawFn) -> Step:
    place = draw(st.integers(0, 500))

    def step(bench: Bench, family: int) -> None:
        project = active(bench, family)
        if project is not None and len(lines := own_lines(project)) > 1:
            bench.box.jetbuilt.remove_line(project.id, lines[place % len(lines)])

    return named(step, f"remove_line({place})")


def new_version(bench: Bench, family: int) -> None:
    project = active(bench, family)
    if project is not None:
        bench.box.jetbuilt.new_version(project.id)


@st.composite
def stages(draw: st.DrawFn) -> Step:
    stage = draw(st.sampled_from(STAGES))

    def step(bench: Bench, family: int) -> None:
        project = active(bench, family)
        if project is not None:
            bench.box.jetbuilt.edit_project(project.id, stage=stage)

    return named(step, f"stage({stage})")


@st.composite
def option_changes(draw: st.DrawFn) -> Step:
    what, place, price = (
        draw(st.sampled_from(["add", "merge", "sell", "rest"])),
        draw(st.integers(0, 50)),
        draw(CENTS),
    )

    def step(bench: Bench, family: int) -> None:
        project, store = active(bench, family), bench.box.jetbuilt
        if project is None:
            return
        if what == "add":
            store.add_option(project.id, name=f"Option {uuid.uuid4().hex[:6]}")
        elif (option := chosen(project, place)) is not None and what == "merge":
            store.merge_option(project.id, option.id)
        elif option is not None and what == "sell":
            store.edit_option(project.id, option.id, sold=True, scope=f"for {price}")
        elif option is not None:
            store.edit_option(project.id, option.id, active=not option.active)

    return named(step, f"option({what}, {place})")


def chosen(project: Project, place: int) -> Option | None:
    return project.options[place % len(project.options)] if project.options else None


def delete(bench: Bench, family: int) -> None:
    project = active(bench, family)
    if project is not None:
        bench.box.jetbuilt.delete_project(project.id)


steps = st.one_of(
    line_edits(),
    removals(),
    st.just(new_version),
    stages(),
    option_changes(),
    st.sampled_from([delete, new_version]),
)
histories = st.lists(st.tuples(st.integers(0, 1), steps, st.booleans()), min_size=1, max_size=8)


@pytest.mark.tens_of_seconds
@settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(histories)
def test_every_history_ends_with_the_last_state(
    redis_url: str, history: list[tuple[int, Step, bool]]
) -> None:
    asyncio.run(played(redis_url, history))


async def played(redis_url: str, history: list[tuple[int, Step, bool]]) -> None:
    redis = redis_module.connect(redis_url)
    namespace = f"h{uuid.uuid4().hex[:10]}"
    try:
        options = Options(limits=False)
        world = worlds.compact(options.seed, 2)
        async with Bench.opened(redis, redis_url, namespace, options, world=world) as bench:
            families = bench.families()
            await bench.settled()
            before = opportunity_ids(bench)
            for number, step, rests in history:
                step(bench, families[number])
                if rests:
                    await bench.settled()
            await bench.settled()
            await bench.settled(full=True)
            await holds_the_last_state(bench, before)
    finally:
        async for key in redis.scan_iter(f"{namespace}:*"):
            await redis.delete(key)
        await redis.aclose()


def opportunity_ids(bench: Bench) -> set[int]:
    return {row["id"] for row in bench.books.rows("sales/opportunities")}


async def holds_the_last_state(bench: Bench, before: set[int]) -> None:
    """What lives is right to the cent; what ended is still there, said to be finished; nothing is doubled.

    `before` are the opportunities that stood before the history began: whatever happens, none of them is deleted.
    """
    living = await bench.expected()
    standing = bench.books.opportunities()
    for expected in living.values():
        bench.books.assert_hold(expected)
    bench.books.assert_nothing_doubled()
    assert before <= opportunity_ids(bench)
    assert living.keys() <= standing.keys()
    notes = {note["opportunityId"] for note in bench.books.rows("sales/opportunities/notes")}
    template = {
        f"jetbuilt:{record.project.family_id}"
        for record in bench.box.jetbuilt.projects.listed
        if record.project.stage == "template"
    }
    for external_id, row in standing.items():
        if external_id not in living and external_id.split(":option:")[0] not in template:
            assert row["id"] in notes, f"{external_id} has ended and nothing says so"
