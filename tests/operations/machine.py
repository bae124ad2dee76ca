"""A machine with the services of cwbridge as the runbooks know it: real processes and a real Redis behind a small `systemctl`.

There is no systemd in a test, so `systemctl` and `journalctl` are scripts that start, stop and show the same commands as the units do.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from cwbridge import redis as redis_module
from cwbridge.embedded_redis import server_binary
from cwbridge.redis import Redis
from tests.integration.test_services import series
from tests.operations.documented_commands import Typed, typed
from tests.support.until import until

_SECRETS = (
    "jetbuilt__api_key",
    "connectwise__public_key",
    "connectwise__private_key",
    "connectwise__client_id",
)
_SYSTEMCTL = r"""#!/bin/bash
# start, stop, restart, status of the units of this machine.
verb=$1; shift
units=()
for unit in "$@"; do
  case $unit in
    --*) ;;
    'cwbridge-*') units+=(cwbridge-producers cwbridge-worker@1) ;;
    *) units+=("${unit%.service}") ;;
  esac
done
pid() { cat "$MACHINE/$1.pid" 2>/dev/null; }
alive() { [ -n "$(pid "$1")" ] && grep -q '^State:[[:space:]]*[^ZX]' "/proc/$(pid "$1")/status" 2>/dev/null; }
stop() {
  alive "$1" || return 0
  local number; number=$(pid "$1")
  kill -TERM "$number"
  for _ in $(seq 100); do alive "$1" || break; sleep 0.05; done
  kill -KILL "$number" 2>/dev/null
  for _ in $(seq 100); do alive "$1" || break; sleep 0.02; done
  rm -f "$MACHINE/$1.pid"
}
start() {
  alive "$1" && return 0
  local said=$MACHINE/$1.log port=0 ready
  case $1 in
    redis-server) setsid $REDIS_COMMAND >>"$said" 2>&1 & ready='Ready to accept connections' ;;
    cwbridge-*)
      rm -rf "$MACHINE/credentials"; mkdir -p "$MACHINE/credentials"
      for file in "$MACHINE"/etc/secrets/*; do cp "$file" "$MACHINE/credentials/cwbridge_$(basename "$file")"; done
      local service=${1#cwbridge-}; service=${service%@*}
      case $1 in cwbridge-producers) port=$PRODUCERS_PORT ;; cwbridge-worker@1) port=$WORKER_PORT ;; esac
      : >"$said"
      CREDENTIALS_DIRECTORY=$MACHINE/credentials CWBRIDGE_HTTP__LISTEN=127.0.0.1:$port \
        setsid cwbridge "$service" >>"$said" 2>&1 &
      ready="${service%s}s*_started" ;;
    *) echo "Unit $1.service could not be found." >&2; return 5 ;;
  esac
  echo $! >"$MACHINE/$1.pid"
  for _ in $(seq 400); do grep -q "$ready" "$said" && return 0; alive "$1" || return 1; sleep 0.05; done
  return 1
}
code=0
for unit in "${units[@]}"; do
  case $verb in
    start|enable) start "$unit" || code=1 ;;
    stop|disable) stop "$unit" ;;
    restart) stop "$unit"; start "$unit" || code=1 ;;
    status) if alive "$unit"; then echo "$unit: active (running)"; else echo "$unit: inactive (dead)"; code=3; fi ;;
    *) code=1 ;;
  esac
done
exit $code
"""
_JOURNALCTL = r"""#!/bin/bash
# The log of one unit: journalctl --unit UNIT
while [ $# -gt 0 ]; do case $1 in --unit) unit=$2; shift ;; esac; shift; done
cat "$MACHINE/${unit%.service}.log"
"""


class Machine:
    """`async with Machine.running(home, settings) as machine`: Redis, the producers and one worker are at work."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        self.home = home
        self._redis_port, self._http_port, self._worker_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._http_port}"
        self.targets = [f"127.0.0.1:{port}" for port in (self._http_port, self._worker_port)]
        data = home / "redis"
        options = f"--port {self._redis_port} --bind 127.0.0.1 --dir {data} --appendonly yes --save ''"
        secrets = home / "etc" / "secrets"
        for folder in (data, secrets, home / "bin"):
            folder.mkdir(parents=True)
        given = dict(settings)
        for name in _SECRETS:
            (secrets / name).write_text(given.pop(f"CWBRIDGE_{name.upper()}"), "utf-8")
        self.redis_url = f"redis://127.0.0.1:{self._redis_port}/0"
        self._server = home / "bin" / "start-redis"
        self._server.write_text(f"#!/bin/sh\nexec {shlex.quote(str(server_binary()))} {options}\n", "utf-8")
        for name, text in (("systemctl", _SYSTEMCTL), ("journalctl", _JOURNALCTL)):
            (home / "bin" / name).write_text(text, "utf-8")
        for script in (home / "bin").iterdir():
            script.chmod(0o755)
        self.env = {
            **given,
            "CWBRIDGE_REDIS__URL": self.redis_url,
            "CWBRIDGE_LOG__FORMAT": "json",
            "MACHINE": str(home),
            "REDIS_COMMAND": str(self._server),
            "PRODUCERS_PORT": str(self._http_port),
            "WORKER_PORT": str(self._worker_port),
            "PATH": f"{home / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin",
        }

    @classmethod
    @asynccontextmanager
    async def running(cls, home: Path, settings: Mapping[str, str]) -> AsyncIterator[Machine]:
        """Everything started; everything ends with the body."""
        machine = cls(home, settings)
        try:
            await machine.do("systemctl start redis-server cwbridge-producers cwbridge-worker@1")
            yield machine
        finally:
            machine.end()

    def end(self) -> None:
        """Kill every process that is left."""
        for unit in self.home.glob("*.pid"):
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(unit.read_text()), signal.SIGKILL)

    async def do(self, command: str) -> str:
        """Type a command that has to succeed."""
        return await self.type(Typed(command, ()))

    async def type(self, one: Typed, *, may_fail: bool = False) -> str:
        """Type a command of a page, with the addresses and folders of this machine."""
        here = one.command.replace("127.0.0.1:8480", f"127.0.0.1:{self._http_port}")
        here = here.replace("/etc/cwbridge/", f"{self.home}/etc/").replace(
            "redis-cli", f"redis-cli -p {self._redis_port}"
        )
        here += " || true" if may_fail else ""
        return await typed(
            Typed(here, one.expected), env={**self._commands(), "PATH": self.env["PATH"]}, cwd=self.home
        )

    def kill(self, unit: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process of a unit."""
        os.kill(int((self.home / f"{unit}.pid").read_text()), number)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Redis]:
        """A client of this machine's Redis."""
        client = redis_module.connect(self.redis_url)
        try:
            yield client
        finally:
            await client.aclose()

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of a series that the producers export now; 0 while they do not answer."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as answer:
                return series(await answer.text(), name, **labels)
        except aiohttp.ClientError:
            return 0.0

    async def settled(self) -> None:
        """Wait until no job is pending."""

        async def nothing_pending() -> bool:
            states = [await self.metric("cwbridge_queue_jobs", state=state) for state in _PENDING]
            polled = await self.metric(
                "cwbridge_schedule_last_success_timestamp_seconds", schedule="jetbuilt_poll"
            )
            return polled > 0 and not any(states)

        await until(nothing_pending, what="no job is pending", within=60)

    def _commands(self) -> dict[str, str]:
        """The settings as commands have them: the wrapper hands the secrets to them as well."""
        secrets = {
            f"CWBRIDGE_{file.name.upper()}": file.read_text()
            for file in (self.home / "etc" / "secrets").iterdir()
        }
        return {**self.env, **secrets}


_PENDING = ("due", "scheduled", "dispatched", "running", "waiting")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
