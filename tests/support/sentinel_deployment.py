"""Three Redis servers and three sentinels on loopback, started from the example files in deploy/redis."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol, Self

import redis.asyncio
import redis.exceptions

from cwbridge.embedded_redis import server_binary
from tests.support.until import until

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "deploy" / "redis"
SERVICE: Final = "cwbridge"
PASSWORD: Final = "change-me-redis"
SENTINEL_PASSWORD: Final = "change-me-sentinel"
_BRIDGE = "cwbridge:change-me-bridge"
_QUESTION = "sentinel_username=cwbridge&sentinel_password=change-me-question"
_SERVERS = 3
_ADDRESS = "10.0.0.1"
_HOST = "127.0.0.1"
# The example waits as a deployment over a network has to.
_QUICK: Final = {
    "down-after-milliseconds": "1500",
    "failover-timeout": "4000",
}


class Process(Protocol):
    """A running program."""

    def signal(self, number: signal.Signals) -> None: ...

    async def ended(self) -> None: ...


Launch = Callable[[Sequence[str], Path], Awaitable[Process]]
"""Starts a program with its output in a file."""


class SentinelDeployment:
    """`async with SentinelDeployment.running(home, launch) as deployment`: `deployment.url` leads to the primary."""

    def __init__(self, home: Path, launch: Launch, *, namespace: str, settings: Mapping[str, str]) -> None:
        self._home = home
        self._namespace = namespace
        self._launch = launch
        self._settings = settings
        self._ports = _free_ports(2 * _SERVERS)
        self._servers: dict[int, Process] = {}
        self._sentinels: list[Process] = []
        self.clients = [
            redis.asyncio.Redis(port=port, password=PASSWORD, socket_timeout=2) for port in self.ports
        ]
        self._sentinel = redis.asyncio.Redis(
            port=self.sentinel_ports[0], password=SENTINEL_PASSWORD, socket_timeout=2
        )

    @classmethod
    @asynccontextmanager
    async def running(
        cls, home: Path, launch: Launch, *, namespace: str, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[Self]:
        """Everything up and known to every sentinel; `settings` replace those of the servers' file."""
        deployment = cls(home, launch, namespace=namespace, settings=settings or {})
        try:
            await deployment._start()
            yield deployment
        finally:
            await deployment._end()

    @property
    def ports(self) -> Sequence[int]:
        """The ports of the servers; the first one starts as the primary."""
        return self._ports[:_SERVERS]

    @property
    def sentinel_ports(self) -> Sequence[int]:
        return self._ports[_SERVERS:]

    @property
    def url(self) -> str:
        sentinels = ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return f"redis+sentinel://{_BRIDGE}@{sentinels}/{SERVICE}?{_QUESTION}"

    async def primary(self) -> int:
        """The number of the server that the first sentinel names."""
        asking = self._sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        _, port = await asking
        return self.ports.index(int(port))

    async def elected(self, former: int) -> int:
        """The primary once another one than `former` has been elected and takes writes."""

        async def another() -> bool:
            number = await self.primary()
            return number != former and await self._role(number) == "master"

        await until(another, what="another primary is elected")
        return await self.primary()

    async def start(self, number: int, *more: str) -> None:
        """Start a server, as what its file says, and wait until it answers."""
        conf = self._home / f"redis-{number}.conf"
        arguments = [server_binary(), str(conf), *more]
        self._servers[number] = await self._launch(arguments, self._home / f"redis-{number}.log")

        async def answers() -> bool:
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                return bool(await self.clients[number].ping())
            return False

        await until(answers, what=f"server {number} answers")

    async def kill(self, number: int) -> None:
        """kill -9."""
        process = self._servers.pop(number)
        process.signal(signal.SIGKILL)
        await process.ended()

    def pause(self, number: int) -> None:
        """It hangs, its connections open."""
        self._servers[number].signal(signal.SIGSTOP)

    def resume(self, number: int) -> None:
        self._servers[number].signal(signal.SIGCONT)

    async def cut_replicas(self, primary: int) -> None:
        """No replica gets what is written from now on, until `join_replicas`."""
        await self._give_replicas(primary, masterauth="wrong")
        await self.clients[primary].execute_command("CLIENT", "KILL", "TYPE", "replica")

    async def join_replicas(self, primary: int) -> None:
        """The replicas follow a primary again."""
        await self._give_replicas(primary, masterauth=PASSWORD)

    async def joined(self) -> None:
        """Wait until every server that runs but the primary is its replica and has its data."""

        async def all_joined() -> bool:
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                primary = await self.primary()
                ready = await self.clients[primary].info("replication")
                return _online(ready) == len(self._servers) - 1
            return False

        await until(all_joined, what="the replicas have joined the primary", within=30)

    async def _start(self) -> None:
        for number, port in enumerate(self.ports):
            self._write_server(number, port)
        await asyncio.gather(*(self.start(number) for number in range(_SERVERS)))

        async def linked() -> bool:
            ready = await self.clients[0].info("replication")
            return _online(ready) == _SERVERS - 1

        await until(linked, what="the replicas are in step")
        for number, port in enumerate(self.sentinel_ports):
            conf = self._write_sentinel(number, port)
            arguments = [server_binary(), str(conf), "--sentinel"]
            self._sentinels.append(await self._launch(arguments, self._home / f"sentinel-{number}.log"))
        await until(self._complete, what="every sentinel knows all servers and sentinels")

    async def _end(self) -> None:
        processes = [*self._servers.values(), *self._sentinels]
        for process in processes:
            process.signal(signal.SIGKILL)
        for process in processes:
            await process.ended()
        for client in (*self.clients, self._sentinel):
            await client.aclose()

    async def _complete(self) -> bool:
        for port in self.sentinel_ports:
            client = redis.asyncio.Redis(port=port, password=SENTINEL_PASSWORD, socket_timeout=2)
            try:
                state: Any = await client.execute_command("SENTINEL MASTER", SERVICE)
            except (redis.exceptions.RedisError, OSError):
                return False
            finally:
                await client.aclose()
            others, replicas = int(state["num-other-sentinels"]), int(state["num-slaves"])
            if others != _SERVERS - 1 or replicas != _SERVERS - 1:
                return False
        return True

    async def _role(self, number: int) -> str:
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            return str((await self.clients[number].info("replication"))["role"])
        return "away"

    async def _give_replicas(self, primary: int, **settings: str) -> None:
        for number, client in enumerate(self.clients):
            if number != primary and number in self._servers:
                for name, value in settings.items():
                    await client.config_set(name, value)

    def _write_server(self, number: int, port: int) -> None:
        data = self._home / f"data-{number}"
        data.mkdir(parents=True)
        users = data / "users.acl"
        allowed = [_of_namespace(line, self._namespace) for line in _example("users.acl")]
        users.write_text("\n".join(allowed) + "\n")
        own = {"port": str(port), "dir": str(data), "aclfile": str(users), **self._settings}
        lines = _with(_example("redis.conf"), own)
        lines.append("repl-diskless-sync-delay 0")
        if number:
            lines.append(f"replicaof 127.0.0.1 {self.ports[0]}")
        (self._home / f"redis-{number}.conf").write_text("\n".join(lines) + "\n")

    def _write_sentinel(self, number: int, port: int) -> Path:
        conf = self._home / f"sentinel-{number}.conf"
        lines = _example("sentinel.conf")
        lines = [line.replace(f"{_HOST} 6379", f"{_HOST} {self.ports[0]}") for line in lines]
        lines = _with(lines, {"port": str(port), "dir": str(self._home)})
        for name, value in _QUICK.items():
            lines = _with(lines, {f"sentinel {name}": f"{SERVICE} {value}"})
        conf.write_text("\n".join(lines) + "\n")
        return conf


def _example(name: str) -> list[str]:
    """The lines of an example file, with loopback for the address of the first machine."""
    return (EXAMPLES / name).read_text("utf-8").replace(_ADDRESS, _HOST).splitlines()


def _with(lines: Sequence[str], settings: Mapping[str, str]) -> list[str]:
    """The lines with other values of these settings, each of which the file must have."""
    changed = list(lines)
    for name, value in settings.items():
        places = [place for place, line in enumerate(changed) if line.startswith(f"{name} ")]
        assert places, f"the example file has no {name}"
        for place in places:
            changed[place] = f"{name} {value}"
    return changed


def _of_namespace(line: str, namespace: str) -> str:
    """A line of the users with the Redis keys and channels of another namespace."""
    return re.sub(r"([~&])cwbridge\b", rf"\1{namespace}", line)


def _online(replication: Mapping[str, Any]) -> int:
    """How many replicas are in step, by the primary's own account; -1 of a replica."""
    if replication["role"] != "master":
        return -1
    replicas = (one for name, one in replication.items() if name[:5] == "slave" and name[5:].isdecimal())
    return sum(one["state"] == "online" for one in replicas)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((_HOST, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


async def launch(arguments: Sequence[str], log: Path) -> Process:
    """Start a program as a child of the test process."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(*arguments, stdout=output, stderr=output)
    return _Subprocess(process)


class _Subprocess:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self) -> None:
        await self._process.wait()
