"""A Redis server of the run's own that can fail in several ways."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import redis.exceptions

from cwbridge import redis as connections
from cwbridge.embedded_redis import server_binary
from tests.fault.processes import Child, Nursery

Fsync = Literal["always", "everysec"]
_UP_SECONDS = 15.0


class RedisServer:
    """`async with RedisServer.running(...) as server`: `server.url` stays the same through every failure."""

    def __init__(self, nursery: Nursery, home: Path, fsync: Fsync) -> None:
        self._nursery = nursery
        self._home = home
        self._fsync = fsync
        self._socket = home / "redis.sock"
        self._child: Child | None = None
        self.being_disrupted = asyncio.Lock()
        # The same connections as the daemon's: waits for them can be cancelled, and a time-out here is a cancellation.
        self.client = connections.connect(self.url, patient=False)

    @classmethod
    @asynccontextmanager
    async def running(cls, nursery: Nursery, home: Path, fsync: Fsync) -> AsyncIterator[RedisServer]:
        server = cls(nursery, home, fsync)
        await server.start()
        try:
            yield server
        finally:
            await server.client.aclose()
            await server.kill()

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def aof(self) -> Path:
        """The file that commands are appended to, the newest of the server's directory of such files."""
        files = (self._home / "appendonlydir").glob("appendonly.aof.*.incr.aof")
        return max(files, key=lambda file: int(file.name.split(".")[2]))

    async def start(self) -> None:
        given = {
            "port": "0",
            "unixsocket": str(self._socket),
            "dir": str(self._home),
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        arguments = [text for name, value in given.items() for text in (f"--{name}", value)]
        self._child = self._nursery.bear(
            *arguments, environment={}, log=self._home / "redis.log", program=server_binary()
        )
        async with asyncio.timeout(_UP_SECONDS):
            while not await self._answers():  # noqa: ASYNC110 - another process starts, and does not tell
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """kill -9: what was written to the file of commands is in it, fsync or not, for the machine lives on."""
        if self._child is not None:
            self._child.kill()
            await self._child.gone.wait()

    async def restart(self, *, away: float = 0.0) -> None:
        await self.kill()
        await asyncio.sleep(away)
        await self.start()

    async def lose_power(self, *, bytes_lost: int) -> None:
        """Restart without the last bytes of the file of commands, as after a power cut between two fsyncs."""
        await self.kill()
        size = self.aof.stat().st_size
        os.truncate(self.aof, max(0, size - bytes_lost))
        await self.start()

    async def pause(self, seconds: float) -> None:
        """It hangs, its connections open."""
        if self._child is not None:
            self._child.signal(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            self._child.signal(signal.SIGCONT)

    async def wipe(self) -> None:
        await self.client.flushall()

    async def disconnect(self) -> None:
        """Every connection but ours is closed by the server."""
        await self.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    async def hide(self, seconds: float) -> None:
        """Unreachable: connections are cut and new ones refused."""
        away = self._socket.with_suffix(".away")
        await self.client.ping()
        self._socket.rename(away)
        await self.disconnect()
        await asyncio.sleep(seconds)
        away.rename(self._socket)

    async def _answers(self) -> bool:
        try:
            await self.client.ping()
        except (redis.exceptions.RedisError, OSError):
            return False
        return True
