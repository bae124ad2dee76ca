"""The processes of a run as the harness sees them: born in the nursery, killed by handle, brought back when they are gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

ROOT = Path(__file__).resolve().parents[2]
_BACK_SECONDS = 0.02
_BACK_AFTER_CRASH_SECONDS = 0.3


class Nursery:
    """The process that forks all others; one per test process, for it takes a second to warm up."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fault.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("CWBRIDGE_")},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)

    def bear(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        log: Path,
        program: str = "",
        without: Sequence[str] = (),
    ) -> Child:
        """Start a `cwbridge` command, or any program, as a process of its own."""
        birth = {
            "arguments": arguments,
            "environment": environment,
            "log": str(log),
            "program": program,
            "without": without,
        }
        return Child(self._ask({"born": birth})["pid"])

    def code(self, child: Child) -> int | None:
        """The exit code of a child that is gone; negative for a signal."""
        code: int | None = self._ask({"ended": child.pid})["code"]
        return code

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(request) + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = msgspec.json.decode(self._process.stdout.readline())
        return answer


class Child:
    """One process by its handle: a signal can never reach another process that got its number later."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.killed = False
        self.gone = asyncio.Event()
        self._handle = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._handle, self._ended)

    def signal(self, number: signal.Signals) -> None:
        if not self.gone.is_set():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> bool:
        """Kill it at once; False when it was gone already."""
        if self.killed or self.gone.is_set():
            return False
        self.killed = True
        self.signal(signal.SIGKILL)
        return True

    def _ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        self.gone.set()


class Fleet:
    """Workers and producers that are brought back whenever they are gone, as a supervisor would."""

    def __init__(
        self,
        nursery: Nursery,
        *,
        environment: Mapping[str, str],
        logs: Path,
        without: Sequence[str] = (),
        real_commands: bool = False,
    ) -> None:
        self._nursery = nursery
        self._environment = environment
        self._logs = logs
        self._without = without
        self._real_commands = real_commands
        self._keepers: list[asyncio.Task[None]] = []
        self._alive: dict[str, Child] = {}
        self.kills = 0
        self.crashes: list[str] = []

    def man(self, *, workers: int, producers: int) -> None:
        """Bring so many of each to life and keep them there."""
        roles = [("worker", number) for number in range(workers)]
        roles += [("producers", number) for number in range(producers)]
        self._keepers += [asyncio.create_task(self._keep(role, f"{role}-{number}")) for role, number in roles]

    def all(self, role: str = "") -> list[Child]:
        return list(self._of(role))

    def kill(self, child: Child) -> None:
        self.kills += child.kill()

    def kill_one(self, dice: random.Random, role: str = "") -> None:
        children = self.all(role)
        if children:
            self.kill(dice.choice(children))

    def kill_all(self, role: str = "") -> None:
        for child in self.all(role):
            self.kill(child)

    async def dismiss(self) -> None:
        """Everybody goes, for good."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for child in self.all():
            child.kill()
            await child.gone.wait()

    def command(self, *arguments: str) -> Child:
        """Any other command with the same settings, once; its output goes to the log named after it."""
        return self._bear(arguments, arguments[0])

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    async def _keep(self, role: str, name: str) -> None:
        while True:
            child = self._alive[name] = self._bear((role,), name)
            await child.gone.wait()
            if child.killed:
                await asyncio.sleep(_BACK_SECONDS)
                continue
            self.crashes.append(f"{name}: exit {self._nursery.code(child)}")
            await asyncio.sleep(_BACK_AFTER_CRASH_SECONDS)

    def _bear(self, arguments: Sequence[str], name: str) -> Child:
        program = str(Path(sys.executable).with_name("cwbridge")) if self._real_commands else ""
        return self._nursery.bear(
            *arguments,
            environment=self._environment,
            log=self.log(name),
            program=program,
            without=self._without,
        )

    def _of(self, role: str) -> Iterator[Child]:
        for name, child in self._alive.items():
            if name.startswith(role) and not child.killed and not child.gone.is_set():
                yield child
