"""Prints the table of figures after the last benchmark."""

from __future__ import annotations

import pytest

from tests.bench import figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if table := figures.table():
        terminalreporter.section("figures")
        terminalreporter.write_line(table)
