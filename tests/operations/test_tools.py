"""The programs that the suite needs are there, or the run says how to install them."""

from __future__ import annotations

import pytest

from tests.operations.tools import program

pytestmark = pytest.mark.operations


@pytest.mark.parametrize("name", ["promtool", "prometheus", "chromium", "redis-sentinel", "systemd-analyze"])
def test_a_program_is_installed(name: str) -> None:
    assert program(name)
