"""Where the processes of a fault run are born: real `cwbridge` processes, forked from a parent that has imported everything.

A start costs some ten milliseconds instead of most of a second, so that thousands of kills fit into one run. Nothing outlives
its parent: every child asks the kernel to be killed with the nursery, and the nursery ends with its standard input.

It reads one JSON object per line and answers each with one: {"born": {...}} -> {"pid": N}, {"ended": N} -> {"code": N | null}.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from pathlib import Path

import msgspec
import uvloop

from console import app
from tests.fault import mutations

_PR_SET_PDEATHSIG = 1
_CRASHED = 70


class Birth(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be born: a `cwbridge` command in this very interpreter, or with `program` any program."""

    arguments: list[str]
    environment: dict[str, str]
    log: str
    program: str = ""
    without: list[str] = []
    """Defences that are patched away."""


class Request(msgspec.Struct, frozen=True):
    """One line of standard input."""

    born: Birth | None = None
    ended: int | None = None


def main() -> None:
    """Serve until standard input ends."""
    mutations.quicken()
    reader = msgspec.json.Decoder(Request)
    codes: dict[int, int] = {}
    for line in sys.stdin.buffer:
        request = reader.decode(line)
        codes.update(_reaped())
        if request.born is not None:
            answer: dict[str, int | None] = {"pid": _born(request.born)}
        else:
            answer = {"code": codes.get(request.ended or 0)}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


def _reaped() -> dict[int, int]:
    """The children that have ended; until then a pid is not given to anybody else."""
    codes: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return codes
        if pid == 0:
            return codes
        codes[pid] = os.waitstatus_to_exitcode(status)


def _born(birth: Birth) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = _CRASHED
    try:
        _leave_home(parent, birth)
        code = _live(birth)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it was, it must not go on as a second nursery
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _leave_home(parent: int, birth: Birth) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_CRASHED)
    os.setsid()
    nothing, log = (
        os.open(os.devnull, os.O_RDONLY),
        os.open(birth.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    )
    for given, wanted in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(given, wanted)
    os.environ.clear()
    os.environ.update(birth.environment)


def _live(birth: Birth) -> int:
    if birth.program:
        os.execv(birth.program, [birth.program, *birth.arguments])  # noqa: S606 - there is no shell, and the program is ours
    for name in birth.without:
        mutations.WITHOUT[name]()
    sys.argv = [str(Path(sys.executable).with_name("cwbridge")), *birth.arguments]
    app.main()
    return 0


if __name__ == "__main__":
    uvloop.install()
    main()
