"""The scenarios: what goes wrong in each, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.fault.stage import Casting, Stage

Act = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A trouble with its story; `runs` is how often the full suite plays it."""

    name: str
    story: str
    act: Act
    runs: int = 1
    casting: Casting = Casting()


def lasting(seconds: float, trouble: Act, *, edits_every: float = 0.25) -> Act:
    """The trouble for so long, with edits all the while."""

    async def act(stage: Stage) -> None:
        editing = asyncio.create_task(stage.editor.keep_editing(every=edits_every))
        troubling = asyncio.ensure_future(trouble(stage))
        try:
            done, _ = await asyncio.wait(
                {editing, troubling}, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()
        finally:
            editing.cancel()
            troubling.cancel()
            await asyncio.gather(editing, troubling, return_exceptions=True)

    return act


def killing(role: str, *, every: float) -> Act:
    """kill -9 of one process of a role after the other, at random moments."""

    async def trouble(stage: Stage) -> None:
        while True:
            await asyncio.sleep(stage.dice.expovariate(1 / every))
            stage.fleet.kill_one(stage.dice, role)

    return trouble


async def nothing(_stage: Stage) -> None:
    """No trouble at all: what is found then is a mistake of the suite."""


SCENARIOS = (
    Scenario(name="calm", story="edits only", act=lasting(8, nothing)),
    Scenario(
        name="kill-workers",
        story="kill -9 of workers at random moments",
        act=lasting(25, killing("worker", every=0.35)),
        runs=6,
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
