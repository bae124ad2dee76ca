"""Everything that is played: by `make fault`, and in short by every `make test`."""

from __future__ import annotations

from tests.fault import billing_scenarios, document_scenarios, scenarios

SCENARIOS = (*scenarios.SCENARIOS, *billing_scenarios.SCENARIOS, *document_scenarios.SCENARIOS)
SHORT = (*scenarios.SHORT, *billing_scenarios.SHORT, *document_scenarios.SHORT)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
