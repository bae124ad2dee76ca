"""The suite can fail: without any single defence at least one scenario does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
import uvloop

from tests.fault import programme
from tests.fault.mutations import WITHOUT
from tests.fault.play import Outcome, play
from tests.fault.processes import Nursery

pytestmark = pytest.mark.fault
_TRIES = 6
_PATIENCE_SECONDS = 25.0

TELLTALES = {
    "the fencing check": ("lease-overtaken",),
    "the second look": ("failing-servers",),
    "the generation counter": ("edited-during-apply",),
    "the external id look-up before a create": ("lose-at-points", "kill-at-points"),
    "the watermark overlap": ("calm", "kill-producers"),
    "the identifier lock": ("same-new-product",),
    "the end of what was read ahead": ("full-syncs",),
    "the agreed values": ("billing-calm",),
    "the look-up before a create of a company": ("billing-made-on-both-sides",),
    "the look-up before a create of an account": ("billing-edited-after-create",),
    "the look-up before a create of a contact": ("billing-edited-after-create",),
    "the note of what a create sends": ("billing-edited-after-create",),
    "the lock of a pair": ("billing-made-on-both-sides",),
    "the comparison after the writes of a pair": ("billing-edited-during-apply",),
    "token renewal": ("billing-tokens",),
    "the look-up before a create of an invoice": ("documents-edited-after-create",),
    "the look-up before a create of an addition": ("documents-edited-after-create",),
    "the matching of payments by amount and day": ("documents-applied-by-killed",),
    "the first line alone": ("documents-failing-servers",),
    "the question for the primary": ("failover",),
    "the confirmation by a replica": ("billing-failover-after-create",),
}
"""The scenarios in which each defence is needed."""


def test_every_defence_has_its_telltale() -> None:
    assert TELLTALES.keys() == WITHOUT.keys()


@pytest.mark.parametrize("defence", TELLTALES)
def test_without_a_defence_a_scenario_fails(
    defence: str,
    nursery: Nursery,
    seed: int,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    if pytestconfig.option.only and "mutations" not in pytestconfig.option.only.split(","):
        pytest.skip("not asked for")
    told = {name: failed for name in TELLTALES[defence] if (failed := _failure(nursery, defence, name, seed))}
    for name, failed in told.items():
        record_property("fault_left_out", f"without {defence}: {name} fails ({failed})")
    assert told, f"without {defence}, {' and '.join(TELLTALES[defence])} pass all the same (seed {seed})"


def _failure(nursery: Nursery, defence: str, name: str, seed: int) -> str:
    """What goes wrong in the scenario without the defence; empty when nothing does in a few runs."""
    scenario = programme.BY_NAME[name]
    casting = replace(scenario.casting, without=(defence,), patience=_PATIENCE_SECONDS)
    crippled = replace(scenario, casting=casting)
    for number in range(_TRIES):
        outcome = uvloop.run(play(nursery, crippled, seed + number, keep_logs=False))
        if outcome.violations or outcome.stuck:
            return _summary(outcome)
    return ""


def _summary(outcome: Outcome) -> str:
    kinds = Counter(violation.kind for violation in outcome.violations)
    figures = [f"{kind} {times}" for kind, times in sorted(kinds.items())]
    if outcome.stuck:
        figures.append(f"stuck {len(outcome.stuck)}")
    example = next((str(violation) for violation in outcome.violations), next(iter(outcome.stuck), ""))
    return f"{', '.join(figures)}; seed {outcome.seed}; such as {example}"
