"""The machine of the runbooks behaves like one with systemd: services start, stop, die and are seen."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.operations.machine import Machine
from tests.support.bench import Bench
from tests.support.until import until

pytestmark = pytest.mark.operations


async def test_services_start_settle_stop_and_die(bench: Bench, tmp_path: Path) -> None:
    async with Machine.running(tmp_path / "machine", bench.environment()) as machine:
        await machine.settled()
        assert len(bench.books.opportunities()) > 0
        assert "active (running)" in await machine.do("systemctl status cwbridge-worker@1")
        machine.kill("cwbridge-worker@1", signal.SIGKILL)

        async def is_dead() -> bool:
            return "inactive (dead)" in await machine.do("systemctl status cwbridge-worker@1 || true")

        await until(is_dead, what="the worker is dead")
        await machine.do("systemctl restart 'cwbridge-*'")
        assert "worker_started" in await machine.do("journalctl --unit cwbridge-worker@1")
