"""A write that is held while something else happens, and the two meetings around one that every part stages."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.faults import Action, FaultRule
from tests.fault.part import SeededEditor
from tests.fault.points import Method
from tests.fault.stage import Act, Stage

_REACHED_SECONDS = 6.0


@dataclass(frozen=True)
class HeldWrite:
    """A kind of write, by the system that it goes to."""

    system: str
    method: Method
    path: str

    def hold(self, stage: Stage, action: Action) -> None:
        """The next one waits until `stage.disarm("held")`."""
        stage.faults(self.system).add(
            FaultRule(name="held", action=action, method=self.method, path=self.path, times=1)
        )

    async def reached(self, stage: Stage, what: str) -> None:
        """Until a worker has come to it; `what` was never staged when none does."""
        if not await self.comes(stage, within=_REACHED_SECONDS):
            stage.missed.append(what)

    async def comes(self, stage: Stage, *, within: float) -> bool:
        """Whether a worker comes to it in so many seconds."""
        faults = stage.faults(self.system)
        return await stage.until(lambda: faults.waiting("held"), within=within)


async def overtake(stage: Stage, edit: Callable[[], None]) -> None:
    """The only worker is stopped in a held write; another finishes what `edit` makes; then the first wakes up."""
    (sleeper,) = stage.fleet.all("worker")
    sleeper.signal(signal.SIGSTOP)
    try:
        edit()
        other = stage.fleet.command("worker")
        await stage.settled()
        stage.fleet.kill(other)
    finally:
        sleeper.signal(signal.SIGCONT)
        stage.disarm("held")


def wiped_during_creation(
    editor: type[SeededEditor],
    creates: Sequence[tuple[HeldWrite, Callable[[Any], object]]],
    *,
    times: int,
) -> Act:
    """Redis is wiped while a worker makes a record, so that another worker begins the same; `creates` by turns, each with its edit."""

    async def act(stage: Stage) -> None:
        for number in range(times):
            await stage.settled()
            write, begin = creates[number % len(creates)]
            write.hold(stage, "hold_after")
            stage.editor(editor).make(begin)
            await write.reached(stage, "wipe during a create")
            await stage.wipe()
            await stage.polled(2)
            stage.disarm("held")

    return act
