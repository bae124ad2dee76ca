"""A short fault run for every check-in: the most telling scenarios of the suite, once each and with few moves."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import uvloop

from tests.fault.play import play
from tests.fault.processes import Nursery
from tests.fault.programme import SHORT
from tests.fault.scenario import Scenario

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="processes are killed by handle, which needs Linux"
)
SEED = 20


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.name)
def test_nothing_is_lost_doubled_or_stuck(scenario: Scenario, nursery: Nursery) -> None:
    outcome = uvloop.run(play(nursery, scenario, SEED))
    assert (outcome.violations, outcome.stuck, outcome.missed) == ([], [], [])
    assert outcome.jobs > 0
