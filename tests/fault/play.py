"""One run of a scenario, and its result."""

from __future__ import annotations

import shutil
import time
from typing import Any

import msgspec

from tests.fault.processes import Nursery
from tests.fault.stage import Stage
from tests.fault.violations import Violation


class Outcome(msgspec.Struct, kw_only=True):
    """The result of one run; `seconds` is the time from the last disruption until nothing was due."""

    seed: int
    jobs: int = 0
    edits: int = 0
    kills: int = 0
    seconds: float = 0.0
    violations: list[Violation] = []
    stuck: list[str] = []
    missed: list[str] = []
    """What the scenario wanted to stage and could not; a scenario that did not happen proves nothing."""
    notes: list[str] = []

    @property
    def lost(self) -> int:
        return sum(violation.kind == "lost" for violation in self.violations)

    @property
    def doubled(self) -> int:
        return sum(violation.kind == "doubled" for violation in self.violations)

    @property
    def harmed(self) -> int:
        """Opportunities seen without lines, and what belongs to others and was touched."""
        return sum(violation.kind in {"empty", "foreign"} for violation in self.violations)

    @property
    def clean(self) -> bool:
        return not self.violations and not self.stuck and not self.missed


async def play(nursery: Nursery, scenario: Any, seed: int, *, keep_logs: bool = True) -> Outcome:
    """One run of a scenario: troubles and edits, then quiet, a check, one full sync, and another check.

    Whatever is found counts, before the full sync too, which is only for what no poll can see.
    """
    outcome = Outcome(seed=seed)
    async with Stage.opened(nursery, scenario.casting, seed) as stage:
        await scenario.act(stage)
        stage.disarm()
        ended = time.monotonic()
        stuck = await stage.settled()
        outcome.seconds = time.monotonic() - ended
        violations = stage.violations()
        stuck += [text for text in await stage.full_sync() if text not in stuck]
        violations += [violation for violation in stage.violations() if violation not in violations]
        outcome.violations, outcome.stuck, outcome.missed = violations, stuck, stage.missed
        outcome.jobs, outcome.edits, outcome.kills = stage.jobs, stage.edits, stage.fleet.kills
        outcome.notes = list(stage.fleet.crashes)
        if not outcome.clean and keep_logs:
            kept = stage.home.with_name(stage.home.name + "-kept")
            shutil.copytree(stage.home, kept, ignore=shutil.ignore_patterns("*.sock"))
            outcome.notes.append(f"logs: {kept}")
    return outcome
