"""The whole path against a small model in memory, over histories of edits and faults that hypothesis thinks up."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cwbridge import redis as redis_module
from sandbox.faults import Action, FaultRule
from sandbox.server import Options, Sandbox
from sandbox.world import World, build
from sandbox.world.model import Line, Stage
from tests.fault.judge import Judge
from tests.support.bench import Bench
from tests.support.jetbuilt import Jetbuilt

PROJECTS, LINES = 2, 3
STAGES: list[Stage] = ["proposal", "contract", "trash"]
SPOILING: list[Action] = ["lose", "half", "garble", "fail", "refuse"]
WRITES = ["POST", "DELETE", "PATCH"]

projects = st.integers(0, PROJECTS - 1)
slots = st.integers(0, 5)
quantities = st.integers(1, 9).map(Decimal)
prices = st.integers(100, 99_999).map(lambda cents: Decimal(cents) / 100)
soon = st.integers(0, 8)


@dataclass
class Held:
    """One line as its opportunity should hold it."""

    quantity: Decimal
    price: Decimal
    cost: Decimal


@dataclass
class Known:
    """One project as the model knows it: which version is active, its name, stage and lines by id."""

    id: int
    family: int
    name: str
    custom_id: str
    stage: str = "proposal"
    lines: dict[int, Held] = field(default_factory=dict)


class PathMachine(RuleBasedStateMachine):
    """Every rule does one thing to Jetbuilt, to ConnectWise or to the processes, and to the model what a person expects."""

    redis_url = ""
    world: World

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.Runner()
        self.open = AsyncExitStack()
        self.loop.run(self.build())
        store = self.bench.box.jetbuilt
        made = [store.add_plain_project(lines=LINES, name=f"Lobby {number}") for number in range(PROJECTS)]
        self.model = [
            Known(
                id=project.id,
                family=project.family_id,
                name=project.name,
                custom_id=project.custom_id,
                lines={
                    line.id: Held(line.quantity_per_room, line.price, line.project_cost)
                    for line in project.lines
                },
            )
            for project in made
        ]
        self.foreign: dict[int, dict[str, Any]] = {}
        self.changed = True

    async def build(self) -> None:
        client = redis_module.connect(self.redis_url)
        self.open.push_async_callback(client.aclose)
        box = await self.open.enter_async_context(
            Sandbox(Options(limits=False), world=replace(self.world, projects=()))
        )
        jetbuilt = await self.open.enter_async_context(Jetbuilt.at(box.jetbuilt_url))
        self.bench = Bench(box, client, self.redis_url, f"p{uuid.uuid4().hex[:10]}", jetbuilt)
        self.judge = Judge(box)

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.quiet()
        finally:
            self.loop.run(self.wipe())
            self.loop.run(self.open.aclose())
            self.loop.close()

    @rule(number=projects, place=slots, quantity=quantities, price=prices)
    def edit_line(self, number: int, place: int, quantity: Decimal, price: Decimal) -> None:
        known, line = self.line(number, place)
        self.store.edit_line(known.id, line, quantity_per_room=quantity, price=price)
        known.lines[line] = replace(known.lines[line], quantity=quantity, price=price)

    @rule(number=projects, quantity=quantities, model=st.sampled_from(["", "NEW-1", "NEW-2"]))
    def add_line(self, number: int, quantity: Decimal, model: str) -> None:
        known = self.model[number]
        like: Line = self.store.project(known.id).lines[0]
        enqueued = replace(like, quantity_per_room=quantity, model=model or like.model)
        added = self.store.add_line(known.id, enqueued)
        known.lines[added.id] = Held(quantity, added.price, added.project_cost)

    @rule(number=projects, place=slots)
    def remove_line(self, number: int, place: int) -> None:
        known, line = self.line(number, place)
        if len(known.lines) > 1:
            self.store.remove_line(known.id, line)
            del known.lines[line]

    @rule(number=projects, name=st.sampled_from(["Atrium", "Board room", "Lobby"]))
    def rename(self, number: int, name: str) -> None:
        self.store.edit_project(self.model[number].id, name=name)
        self.model[number].name = name

    @rule(number=projects)
    def new_version(self, number: int) -> None:
        """The copy has new ids all over; the opportunity must stay the same one."""
        known = self.model[number]
        held = [known.lines[line.id] for line in self.store.project(known.id).lines]
        version = self.store.new_version(known.id)
        known.id = version.id
        known.lines = {line.id: what for line, what in zip(version.lines, held, strict=True)}

    @rule(number=projects, stage=st.sampled_from(STAGES))
    def change_stage(self, number: int, stage: Stage) -> None:
        self.store.edit_project(self.model[number].id, stage=stage)
        self.model[number].stage = stage

    @rule(number=projects)
    def another_user_adds_a_line_in_connectwise(self, number: int) -> None:
        for row in self.opportunities(self.model[number]):
            added = self.bench.box.connectwise.add(
                "procurement/products",
                opportunity={"id": row["id"]},
                catalogItem={"id": next(iter(self.bench.box.connectwise.table("procurement/catalog")))["id"]},
                description="By hand",
                quantity=Decimal(1),
                price=Decimal("19.90"),
                cost=Decimal(12),
            )
            self.foreign[added["id"]] = added

    @rule(action=st.sampled_from(SPOILING), method=st.sampled_from(WRITES), after=soon)
    def a_write_will_go_wrong(self, action: Action, method: str, after: int) -> None:
        self.bench.box.connectwise_faults.add(
            FaultRule(name=f"spoilt {method}", action=action, method=method, after=after, times=1, status=502)
        )

    @rule(after=soon)
    def the_worker_is_broken_off_during_its_writes(self, after: int) -> None:
        self.loop.run(self.broken_off(after))

    @rule()
    def redis_is_wiped(self) -> None:
        self.loop.run(self.wipe())

    @precondition(lambda self: hasattr(self, "loop"))
    @rule(full=st.booleans())
    def everything_comes_to_rest(self, *, full: bool) -> None:
        self.quiet(full=full)

    def quiet(self, *, full: bool = False) -> None:
        """The invariants: ConnectWise equals the model, nothing is doubled, emptied on the way or touched."""
        self.loop.run(self.bench.settled(full=full))
        self.bench.box.connectwise_faults.clear()
        assert self.judge.violations() == []
        for known in self.model:
            if known.stage != "trash":
                self.compare(known)
        products = self.bench.box.connectwise.table("procurement/products")
        assert {number: products.get(number) for number in self.foreign} == self.foreign

    def compare(self, known: Known) -> None:
        (row,) = self.opportunities(known)
        assert row["name"] == f"{known.custom_id} {known.name}"
        rows = self.bench.box.connectwise.table("procurement/products").find("opportunity/id", row["id"])
        ours = [row for row in rows if row["id"] not in self.foreign]
        assert sorted((row["integrationXRef"].split("@")[0], *_amounts(row)) for row in ours) == sorted(
            (f"item:{number}", held.quantity, held.price, held.cost) for number, held in known.lines.items()
        )

    def opportunities(self, known: Known) -> list[dict[str, Any]]:
        return self.bench.box.connectwise.table("sales/opportunities").find(
            "source", f"jetbuilt:{known.family}"
        )

    def line(self, number: int, place: int) -> tuple[Known, int]:
        known = self.model[number]
        return known, sorted(known.lines)[place % len(known.lines)]

    @property
    def store(self) -> Any:
        return self.bench.box.jetbuilt

    async def broken_off(self, after: int) -> None:
        """One pass that is cancelled as soon as so many writes have taken effect."""
        enough, box = asyncio.Event(), self.bench.box.connectwise
        limit, wrote = len(box.writes) + after, box.wrote

        def counted(method: str, path: str, table: str, number: int) -> None:
            wrote(method, path, table, number)
            if len(box.writes) > limit:
                enough.set()

        box.wrote = counted  # type: ignore[method-assign]
        work = asyncio.create_task(self.bench.sync())
        waiting = asyncio.create_task(enough.wait())
        try:
            await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del box.wrote
            waiting.cancel()
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work

    async def wipe(self) -> None:
        """What FLUSHALL would do, for this example's part of the server."""
        name = self.bench.namespace
        for pattern in (f"{name}:*", f"arq:*{name}:*"):
            names = [key async for key in self.bench.redis.scan_iter(pattern)]
            if names:
                await self.bench.redis.delete(*names)


def _amounts(row: dict[str, Any]) -> tuple[Decimal, ...]:
    return tuple(Decimal(row[name]) for name in ("quantity", "price", "cost"))


@pytest.fixture(scope="module")
def world() -> World:
    return build(7, 0)


@pytest.mark.tens_of_seconds
def test_every_history_of_edits_and_faults_ends_as_the_model_says(redis_url: str, world: World) -> None:
    PathMachine.redis_url, PathMachine.world = redis_url, world
    run_state_machine_as_test(
        PathMachine,
        settings=settings(
            max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
