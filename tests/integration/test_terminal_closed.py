"""Commands whose terminal is closed or that are killed: they, their stand-ins and their Redis server all end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from cwbridge import redis as redis_module
from cwbridge.embedded_redis import EmbeddedRedis
from tests.support import commands
from tests.support.bench import Bench
from tests.support.commands import COMMAND
from tests.support.embedded import guardians_of, lives, nothing_runs, server_lives, server_of
from tests.support.until import until

# The session's own terminal is the one on standard input, as a login shell or a terminal emulator makes it.
_IN_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A terminal window with one command in it."""

    def __init__(self, master: int, process: asyncio.subprocess.Process) -> None:
        self._master = master
        self.process = process
        self.shown = b""
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            self.shown += os.read(self._master, 65536)

    def close(self) -> None:
        """Close the window: the kernel sends SIGHUP, and every later write to the terminal fails."""
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)


@contextlib.asynccontextmanager
async def terminal(*arguments: str, cwd: Path, env: dict[str, str]) -> AsyncIterator[Terminal]:
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _IN_A_TERMINAL, str(COMMAND), *arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", **env},
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def embedded(bench: Bench) -> dict[str, str]:
    """The bench's settings without its Redis, so that the command keeps its own in `.state`."""
    return {name: value for name, value in bench.environment().items() if "REDIS" not in name}


@pytest.fixture
def short_path() -> Iterator[Path]:
    """An empty directory with a path so short that a socket in it can be opened."""
    with tempfile.TemporaryDirectory(prefix="cwb-") as directory:
        yield Path(directory)


async def test_the_demo_and_all_it_started_end_when_its_terminal_is_closed(short_path: Path) -> None:
    async with terminal("demo", "--projects", "2", cwd=short_path, env={"TMPDIR": str(short_path)}) as window:
        await until(lambda: b"settled" in window.shown, what="the progress is drawn", within=40)
        (state_dir,) = await asyncio.to_thread(lambda: list(short_path.glob("cwbridge-demo-*")))
        server = server_of(state_dir)
        stand_ins = psutil.Process(window.process.pid).children()
        assert len(stand_ins) == 1
        window.close()
        async with asyncio.timeout(40):
            assert await window.process.wait() == 0
        await nothing_runs(state_dir, server=server)
        assert not any(process.is_running() for process in stand_ins)
        assert not state_dir.exists()


async def test_a_run_whose_terminal_is_closed_stops_its_server_and_keeps_its_data(
    bench: Bench, tmp_path: Path
) -> None:
    state_dir = tmp_path / ".state"
    async with terminal("run", cwd=tmp_path, env=embedded(bench)) as window:
        await until(lambda: b"http_listening" in window.shown, what="it runs")
        server = server_of(state_dir)
        await keep_something(state_dir)
        window.close()
        async with asyncio.timeout(40):
            assert await window.process.wait() == 0
        await nothing_runs(state_dir, server=server)
    await assert_kept(state_dir)


async def test_a_run_under_nohup_outlives_its_terminal(bench: Bench, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'trap "" HUP; exec "$0" run', str(COMMAND)),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **embedded(bench)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    heard = b""
    while b"http_listening" not in heard:
        heard = await process.stderr.readline()
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    said = await process.stderr.read()
    assert await process.wait() == 0
    assert b'"SIGTERM"' in said
    assert b'"SIGHUP"' not in said


async def test_the_server_of_a_run_that_was_killed_ends_and_the_next_run_has_its_data(
    bench: Bench, tmp_path: Path
) -> None:
    state_dir = tmp_path / ".state"
    async with commands.running("run", env=embedded(bench), cwd=tmp_path) as run:
        await until(lambda: run.events("http_listening"), what="it runs")
        server = server_of(state_dir)
        assert len(guardians_of(state_dir)) == 1
        await keep_something(state_dir)
        await run.kill()
        await until(lambda: not lives(server), what="the server has ended", within=60)
    await nothing_runs(state_dir, server=server)
    assert not server_lives(state_dir)
    await assert_kept(state_dir)


async def keep_something(state_dir: Path) -> None:
    async with EmbeddedRedis(state_dir) as url:
        client = redis_module.connect(url, patient=False)
        await client.set("kept", "yes")
        await client.aclose()


async def assert_kept(state_dir: Path) -> None:
    async with EmbeddedRedis(state_dir) as url:
        client = redis_module.connect(url, patient=False)
        assert await client.get("kept") == b"yes"
        await client.aclose()
