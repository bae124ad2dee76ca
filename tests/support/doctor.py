"""A bench with both flows switched on, and what the doctor says about it."""

from __future__ import annotations

from typing import Any

from console import flows
from console.doctor import command
from cwbridge.checks import Result
from tests.support.bench import Bench
from tests.support.configured import bss_section
from tests.support.pairs import ACCOUNT_TYPES


def switched_on(bench: Bench, **billing: Any) -> Bench:
    """The bench with the settings of BSS as well; `billing` changes the table [billing]."""
    bench.changes = {
        "jetbuilt": {"rate_limit": "50/10s"},
        "connectwise": {"rate_limit": "600/60s"},
        "bss": {**bss_section(bench.box), "rate_limit": "300/60s"},
        "billing": {
            "account_types": {
                **ACCOUNT_TYPES,
                "Distributor": "Vendor",
                "Internal": "Customer",
                "Competitor": "Vendor",
            },
            "sales_representative": bench.default_rep["identifier"],
            "units": {"Month": "Subscriptions Monthly", "Annual": "Subscriptions Annual"},
            **billing,
        },
    }
    return bench


class Report:
    """The results of one run."""

    def __init__(self, results: list[Result]) -> None:
        self.results = results

    def of(self, check: str) -> list[Result]:
        """The results of a check by its name."""
        found = [result for result in self.results if result.check == check]
        assert found, f"no result of {check!r} among {[result.check for result in self.results]}"
        return found

    def one(self, check: str) -> Result:
        """The only result of a check."""
        (result,) = self.of(check)
        return result

    def told(self, state: str) -> dict[str, str]:
        """The details of all results in that state, by check."""
        return {result.check: result.detail for result in self.results if result.state == state}

    @property
    def exit_code(self) -> int:
        return command.exit_code(self.results)


async def examined(bench: Bench) -> Report:
    """Run the doctor in this process with the settings of the bench."""
    return Report(await command.examine(bench.settings(), flows.registered()))
