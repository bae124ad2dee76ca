"""Every scenario of the suite: nothing lost, nothing doubled, nothing stuck, whatever is killed, cut off or garbled."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import uvloop

from tests.fault.play import Outcome, play
from tests.fault.processes import Nursery
from tests.fault.programme import SCENARIOS
from tests.fault.scenario import Scenario
from tests.fault.table import Row

pytestmark = pytest.mark.fault
_SHOWN = 12


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_nothing_is_lost_doubled_or_stuck(
    scenario: Scenario,
    nursery: Nursery,
    seed: int,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    chosen = [name for name in pytestconfig.option.only.split(",") if name]
    if chosen and scenario.name not in chosen:
        pytest.skip("not asked for")
    runs = int(pytestconfig.option.runs or scenario.runs)
    outcomes = [uvloop.run(play(nursery, scenario, seed + number)) for number in range(runs)]
    record_property("fault_row", msgspec.json.encode(_row(scenario, seed, outcomes)).decode())
    wrong = [_told(scenario, outcome) for outcome in outcomes if not outcome.clean]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def _row(scenario: Scenario, seed: int, outcomes: list[Outcome]) -> Row:
    return Row(
        scenario=scenario.name,
        runs=len(outcomes),
        seed=seed,
        jobs=sum(outcome.jobs for outcome in outcomes),
        edits=sum(outcome.edits for outcome in outcomes),
        kills=sum(outcome.kills for outcome in outcomes),
        lost=sum(outcome.lost for outcome in outcomes),
        doubled=sum(outcome.doubled for outcome in outcomes),
        harmed=sum(outcome.harmed for outcome in outcomes),
        stuck=sum(len(outcome.stuck) for outcome in outcomes),
        longest=max(outcome.seconds for outcome in outcomes),
    )


def _told(scenario: Scenario, outcome: Outcome) -> str:
    """What went wrong, and how to see it again."""
    again = f"make fault ONLY={scenario.name} SEED={outcome.seed} RUNS=1"
    wrong = [str(violation) for violation in outcome.violations]
    wrong += [f"stuck: {text}" for text in outcome.stuck] + [
        f"never staged: {text}" for text in outcome.missed
    ]
    more = [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
    return "\n  ".join(
        [f"seed {outcome.seed}; again with: {again}", *wrong[:_SHOWN], *more, *outcome.notes[-1:]]
    )
