"""The processes that belong to an embedded Redis server, found by its state directory."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

from cwbridge import embedded_redis, embedded_redis_guardian
from tests.support.until import until


def server_of(state_dir: Path) -> int:
    return int((state_dir / "redis" / "redis.pid").read_text())


def lives(process: int) -> bool:
    """Whether a process runs; one that has ended is not counted although its parent has not asked for it yet."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def server_lives(state_dir: Path) -> bool:
    """Whether a server holds its lock; asked when no other process would try it."""
    lock = os.open(state_dir / "redis" / embedded_redis_guardian.SERVER, os.O_RDWR | os.O_CREAT)
    try:
        return not embedded_redis._take(lock)
    finally:
        os.close(lock)


def guardians_of(state_dir: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            arguments = process.cmdline()
            if embedded_redis_guardian.__file__ in arguments and str(state_dir / "redis") in arguments:
                found.append(process.pid)
    return found


async def nothing_runs(state_dir: Path, *, server: int) -> None:
    await until(lambda: not lives(server), what="the server has ended")
    await until(lambda: not guardians_of(state_dir), what="its guardian has ended")
