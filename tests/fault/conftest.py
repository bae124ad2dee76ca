"""Which scenarios, which seed, and the table at the end; `make fault ONLY=kill-workers SEED=7` comes here as options."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from tests.fault.processes import Nursery
from tests.fault.programme import BY_NAME
from tests.fault.table import Row, lines

_ROW = "fault_row"
_LEFT_OUT = "fault_left_out"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fault")
    group.addoption("--only", default="", help="scenarios to play, separated by commas")
    group.addoption("--seed", default="", help="seed of the first run of every scenario; any by default")
    group.addoption("--runs", default="", help="runs of each scenario instead of its own number")


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.seed:
        config.option.seed = str(random.SystemRandom().randrange(1, 100_000))
    config.pluginmanager.register(_ToldAtOnce(config))


class _ToldAtOnce:
    """What failed is said when it happens: the rest of the suite takes minutes."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and reporter is not None:
            reporter.write_line(f"\n{report.nodeid}: {report.longreprtext}")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.option.seed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    properties = [
        pair
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for pair in report.user_properties
    ]
    rows = [msgspec.json.decode(str(value), type=Row) for name, value in properties if name == _ROW]
    rows.sort(key=lambda row: list(BY_NAME).index(row.scenario))
    if rows:
        terminalreporter.section("fault suite")
        for line in lines(rows):
            terminalreporter.line(line)
    told = [str(value) for name, value in properties if name == _LEFT_OUT]
    if told:
        terminalreporter.section("mutation check: without the defence, what goes wrong")
        for line in told:
            terminalreporter.line(line)
