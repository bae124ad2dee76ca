"""The `cwbridge` command as a process of its own, with nothing in its environment but what the test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.support import forked
from tests.support.forked import CommandServer

COMMAND = Path(sys.executable).with_name("cwbridge")
SERVER = CommandServer()
"""One for each test process; it starts with the first command."""


class Ended(msgspec.Struct, frozen=True):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Running:
    """A command under way; its output is read as it comes, so that it never blocks on a full pipe."""

    def __init__(self, process: asyncio.subprocess.Process | forked.Process) -> None:
        self.process = process
        self.out: list[str] = []
        self.err: list[str] = []
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.create_task(_read(process.stdout, self.out)),
            asyncio.create_task(_read(process.stderr, self.err)),
        ]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log events of that name so far."""
        logged = [json.loads(line) for line in self.err if line.startswith("{")]
        return [event for event in logged if event.get("event") == name]

    def ask_to_stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    async def ended(self, *, within: float = 60.0) -> Ended:
        async with asyncio.timeout(within):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return Ended(code, "".join(self.out), "".join(self.err))

    async def kill(self) -> None:
        """End it, if it has not ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await asyncio.gather(*self._readers)


@asynccontextmanager
async def running(
    *arguments: str, env: Mapping[str, str], cwd: Path, fresh: bool = False
) -> AsyncIterator[Running]:
    """The command while the body runs; whatever happens it has ended afterwards.

    It is forked from a process that has imported everything, or with `fresh` an interpreter of its own, as a shell starts it.
    """
    given = {**_without_settings(), **env}
    process = await (_started if fresh else SERVER.start)(*arguments, env=given, cwd=cwd)
    command = Running(process)
    try:
        yield command
    finally:
        await command.kill()


async def run(
    *arguments: str, env: Mapping[str, str], cwd: Path, within: float = 60.0, fresh: bool = False
) -> Ended:
    """Run the command to its end."""
    async with running(*arguments, env=env, cwd=cwd, fresh=fresh) as command:
        return await command.ended(within=within)


async def _started(*arguments: str, env: Mapping[str, str], cwd: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        str(COMMAND),
        *arguments,
        env=env,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _read(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode())


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CWBRIDGE_")}
