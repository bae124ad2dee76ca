"""How long a person waits for the command, beside an interpreter that does nothing, measured in turn in one run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from cwbridge import redis as redis_module
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.settings import QueueSettings
from tests.bench import figures
from tests.support.commands import COMMAND

pytestmark = pytest.mark.bench
_RUNS = 15
_JOBS = 100_000
_BATCH = 2_000
NOTHING = (sys.executable, "-c", "pass")
# DESIGN: --help under 0.15 s, status under 0.35 s and a list of 100,000 jobs under 1 s where `python -c pass` takes 0.01 s.
BOUNDS = {"--help": 15, "status": 35, "jobs list": 100}


def shortest(arguments: Sequence[str], env: dict[str, str], cwd: Path) -> float:
    began = time.perf_counter()
    subprocess.run(arguments, env=env, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


async def fill(url: str, namespace: str) -> None:
    client = redis_module.connect(url)
    queue = Queue(client, namespace=namespace, settings=QueueSettings(debounce=timedelta(hours=1)))
    for start in range(0, _JOBS, _BATCH):
        numbers = range(start + 1, start + 1 + _BATCH)
        await queue.enqueue(*(Enqueue(key=f"jetbuilt/project/{n}", flow="opportunity") for n in numbers))
    await client.aclose()


def test_the_command_answers_at_once(redis_url: str, namespace: str, tmp_path: Path) -> None:
    env = {"CWBRIDGE_REDIS__URL": redis_url, "CWBRIDGE_NAMESPACE": namespace, "PATH": "/usr/bin:/bin"}
    times: dict[str, list[float]] = {name: [] for name in ("pass", *BOUNDS)}
    for _ in range(_RUNS):
        times["pass"].append(shortest(NOTHING, env, tmp_path))
        for name in ("--help", "status"):
            times[name].append(shortest((str(COMMAND), name), env, tmp_path))
    asyncio.run(fill(redis_url, namespace))
    for _ in range(3):
        times["jobs list"].append(shortest((str(COMMAND), "jobs", "list"), env, tmp_path))
    nothing = min(times["pass"])
    print(f"\npython -c pass  {nothing * 1000:.0f} ms")
    for name, bound in BOUNDS.items():
        least = min(times[name])
        print(f"cwbridge {name:<10} {least * 1000:.0f} ms, {least / nothing:.1f} times (at most {bound})")
    for name, bound in BOUNDS.items():
        times_nothing = min(times[name]) / nothing
        figures.note(name.removeprefix("--"), f"{times_nothing:.0f} times", reached=times_nothing < bound)
    for name, bound in BOUNDS.items():
        assert min(times[name]) < bound * nothing, name
