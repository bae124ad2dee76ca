"""A scenario, and the usual form of its act: a disruption for some time, with edits all the while."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.fault import disruptions
from tests.fault.casting import Casting
from tests.fault.disruptions import Disruption
from tests.fault.stage import Act, Stage


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A disruption with its story."""

    name: str
    story: str
    act: Act
    runs: int = 1
    casting: Casting = field(default_factory=Casting)


def lasting(seconds: float, disruption: Disruption, *, edits_every: float = 0.15) -> Act:
    """The disruption for so long, with edits all the while."""

    async def act(stage: Stage) -> None:
        editing = asyncio.create_task(stage.keep_editing(every=edits_every))
        troubling = asyncio.create_task(disruptions.as_coroutine(disruption, stage))
        try:
            done, _ = await asyncio.wait(
                {editing, troubling}, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()
        finally:
            # Once: a disruption that is cancelled ends first, however long that takes.
            editing.cancel()
            troubling.cancel()
            await asyncio.gather(editing, troubling, return_exceptions=True)

    return act


async def nothing(_stage: Stage) -> None:
    """No disruption: a failure then is a mistake of the suite."""
