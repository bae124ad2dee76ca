"""The tests' end of the command server: it is started when the first command is, and stopped with the test process."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.support.command_server import PID_BYTES, STARTED, Order

_ROOT = Path(__file__).resolve().parents[2]
_LINE_BYTES = 16


class Process:
    """A forked command; `returncode` is None while it runs and negative for a signal."""

    def __init__(
        self,
        pid: int,
        connection: socket.socket,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = stdout, stderr
        self._ending = asyncio.create_task(self._ended(connection))

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    def send_signal(self, number: signal.Signals) -> None:
        """Raises ProcessLookupError when it has ended."""
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def _ended(self, connection: socket.socket) -> int:
        with connection:
            self.returncode = int(await asyncio.get_running_loop().sock_recv(connection, _LINE_BYTES))
        return self.returncode


class CommandServer:
    """Starts commands by way of `tests/support/command_server.py`."""

    def __init__(self) -> None:
        self._folder = ""
        self._server: subprocess.Popen[bytes] | None = None
        self._opening = threading.Lock()

    async def start(self, *arguments: str, env: Mapping[str, str], cwd: Path) -> Process:
        if self._server is None:
            await asyncio.to_thread(self._open)
        order = Order(arguments=list(arguments), environment=dict(env), cwd=str(cwd))
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._path)
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        socket.send_fds(connection, [msgspec.json.encode(order)], [nothing, out_end, err_end])
        for given in (nothing, out_end, err_end):
            os.close(given)
        connection.setblocking(False)
        pid = int(await asyncio.get_running_loop().sock_recv(connection, PID_BYTES))
        return Process(pid, connection, await _reading(out), await _reading(err))

    def close(self) -> None:
        """Stop the server; commands under way are the business of who started them."""
        if self._server is not None:
            self._server.communicate(timeout=10)
            shutil.rmtree(self._folder)
            self._server = None

    @property
    def _path(self) -> str:
        return f"{self._folder}/socket"

    def _open(self) -> None:
        with self._opening:
            if self._server is None:
                self._server = self._opened()

    def _opened(self) -> subprocess.Popen[bytes]:
        """A server that takes orders; commands that a test starts side by side share it."""
        # A short name: the path of a Unix socket has at most 107 bytes.
        self._folder = tempfile.mkdtemp(prefix="cwb-")
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.command_server", self._path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("CWBRIDGE_")},
            start_new_session=True,
        )
        assert server.stdout is not None
        assert server.stdout.readline() == STARTED
        return server


async def _reading(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(descriptor, "rb"))
    return reader
