"""Starts `cwbridge` commands by forking a process that has imported everything; `tests/support/commands.py` asks it.

The start of an interpreter with all imports takes most of a second of a processor, and the tests start some hundred commands. A
forked command is a process of its own, with its own environment, folder and standard streams.

Protocol, one connection for each command: a JSON object with the descriptors of the three standard streams attached, answered
by the process id in eight digits, and by the exit code (negative for a signal) when the command has ended. The server ends with
its standard input.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TextIO

import msgspec

from console import app

STARTED = b"ready\n"
PID_BYTES = 8
_MOST_BYTES = 256 * 1024
_CRASHED = 70
_PACKAGES = ("cwbridge", "console", "worker", "producers", "sandbox")
_STARTS_AT_ONCE = 32


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command to start."""

    arguments: list[str]
    environment: dict[str, str]
    cwd: str


def main(path: str) -> None:
    """Serve on the Unix socket `path` until standard input ends."""
    # Handlers end without being waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for package in _PACKAGES:
        _imported(importlib.import_module(package))
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(_STARTS_AT_ONCE)
        sys.stdout.buffer.write(STARTED)
        sys.stdout.buffer.flush()
        while server in select.select([server, sys.stdin], [], [])[0]:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                _handle(connection)
            connection.close()


def _imported(package: ModuleType) -> None:
    """Import every module of the package, except those that run when imported."""
    assert package.__file__ is not None
    root = Path(package.__file__).parent
    for file in root.rglob("*.py"):
        if not file.name.startswith("__"):
            importlib.import_module(
                ".".join((package.__name__, *file.relative_to(root).with_suffix("").parts))
            )


def _handle(connection: socket.socket) -> None:
    """Start one command, wait for it, and end this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, streams, _flags, _address = socket.recv_fds(connection, _MOST_BYTES, 3)
    pid = os.fork()
    if pid == 0:
        connection.close()
        os._exit(_run(msgspec.json.decode(text, type=Order), streams))
    for stream in streams:
        os.close(stream)
    connection.sendall(b"%0*d" % (PID_BYTES, pid))
    _, status = os.waitpid(pid, 0)
    connection.sendall(b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(order: Order, streams: list[int]) -> int:
    for given, wanted in zip(streams, (0, 1, 2), strict=True):
        os.dup2(given, wanted)
        os.close(given)
    # Made anew, because a stream remembers what sort of file it was opened on.
    sys.stdout, sys.stderr = _writing(1), _writing(2)
    os.chdir(order.cwd)
    os.environ.clear()
    os.environ.update(order.environment)
    # The name of the program in its messages is then that of sys.argv, and not of this module.
    sys.modules["__main__"].__package__ = None
    sys.argv = [str(Path(sys.executable).with_name("cwbridge")), *order.arguments]
    code = _CRASHED
    try:
        app.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it was, it must not go on as a second server
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _writing(descriptor: int) -> TextIO:
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


if __name__ == "__main__":
    main(sys.argv[1])
