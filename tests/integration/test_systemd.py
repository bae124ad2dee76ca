"""What the services tell systemd: ready when they are at work, alive while the event loop turns, stopping when asked to stop."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwbridge.systemd import Notifier
from sandbox.faults import FaultRule
from tests.support import commands
from tests.support.bench import Bench
from tests.support.until import until


class Manager:
    """The socket on which systemd would listen."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.messages: list[str] = []

    def heard(self, line: str) -> int:
        """How often a line has been heard so far."""
        while True:
            try:
                self.messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                break
        return sum(line in message.split("\n") for message in self.messages)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(str(tmp_path / "notify"))
    yield listening
    listening.close()


@pytest.mark.parametrize("service", ["producers", "worker", "run"])
async def test_a_service_is_ready_at_work_alive_and_then_stopping(
    bench: Bench, tmp_path: Path, manager: Manager, service: str
) -> None:
    env = bench.environment(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="200000")
    async with commands.running(service, env=env, cwd=tmp_path) as daemon:
        await until(lambda: manager.heard("READY=1"), what="it is ready")
        assert daemon.events("producers_started") or daemon.events("worker_started")
        status = next(message for message in manager.messages if "READY=1" in message)
        assert "at work; metrics at http://127.0.0.1:" in status
        beats = manager.heard("WATCHDOG=1")
        await until(lambda: manager.heard("WATCHDOG=1") >= beats + 3, what="it is alive")
        assert manager.heard("STOPPING=1") == 0
        daemon.ask_to_stop()
        assert (await daemon.ended(within=20)).code == 0
    assert manager.heard("READY=1") == 1
    assert manager.heard("STOPPING=1") == 1


async def test_a_service_whose_credentials_are_not_proven_is_not_ready(
    bench: Bench, tmp_path: Path, manager: Manager
) -> None:
    faults = bench.box.connectwise_faults
    faults.add(FaultRule(name="held", action="hold_before"))
    env = bench.environment(NOTIFY_SOCKET=manager.address)
    async with commands.running("worker", env=env, cwd=tmp_path) as daemon:
        await until(lambda: faults.waiting("held"), what="the credentials are tried")
        assert manager.heard("READY=1") == 0
        faults.clear()
        await until(lambda: manager.heard("READY=1"), what="it is ready")
        daemon.ask_to_stop()
        await daemon.ended(within=20)


async def test_a_service_without_redis_ends_with_the_code_that_lets_systemd_start_it_again(
    bench: Bench, tmp_path: Path
) -> None:
    env = bench.environment(CWBRIDGE_REDIS__URL="unix:///nonexistent/redis.sock")
    service, command = await asyncio.gather(
        commands.run("worker", env=env, cwd=tmp_path), commands.run("status", env=env, cwd=tmp_path)
    )
    assert (service.code, command.code) == (1, 2)
    assert "CWBRIDGE_REDIS__URL" in service.err


async def test_a_watchdog_that_is_meant_for_another_process_is_not_fed(manager: Manager) -> None:
    other = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid() + 1)}
    async with Notifier(other).alive():
        await asyncio.sleep(0.1)
    assert manager.heard("WATCHDOG=1") == 0


def test_an_address_in_the_abstract_namespace_is_reached_and_none_at_all_is_no_error() -> None:
    listening = Manager(f"@cwbridge-test-{os.getpid()}")
    Notifier({"NOTIFY_SOCKET": listening.address}).ready("at work")
    assert listening.heard("READY=1") == 1
    listening.close()
    Notifier({"NOTIFY_SOCKET": listening.address}).stopping()
    Notifier({}).stopping()
