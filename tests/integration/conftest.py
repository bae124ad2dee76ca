"""Benches for the tests of the whole path, and the command in this process."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import structlog

from console import app
from cwbridge.redis import Redis
from sandbox.server import Options
from tests.support import worlds
from tests.support.bench import Bench
from tests.support.commands import Ended
from tests.support.jobs import Command, Store
from tests.support.pairs import Pairs

OpenBench = Callable[..., Awaitable[Bench]]


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has set for a bridge of their own is none of the tests' business."""
    for name in [name for name in os.environ if name.startswith("CWBRIDGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
async def open_bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[OpenBench]:
    """Open a bench; the arguments are options of the sandbox, and there is no limit unless one is asked for.

    Projects have few lines each unless the `whole` world is asked for.
    """
    async with AsyncExitStack() as stack:

        async def opened(*, whole: bool = False, **options: object) -> Bench:
            chosen = Options(**{"projects": 3, "limits": False, **options})  # type: ignore[arg-type]
            world = None if whole else worlds.compact(chosen.seed, chosen.projects)
            return await stack.enter_async_context(
                Bench.opened(redis, redis_url, namespace, chosen, world=world)
            )

        yield opened


@pytest.fixture
async def bench(open_bench: OpenBench) -> Bench:
    """A bench with three projects."""
    return await open_bench()


@pytest.fixture
async def pairs(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Pairs]:
    """Empty tenants of BSS and ConnectWise, with the billing flow switched on."""
    async with Pairs.opened(redis, redis_url, namespace) as opened:
        yield opened


@pytest.fixture
def store(redis_url: str, namespace: str) -> Store:
    return Store(redis_url, namespace)


@pytest.fixture
def cwbridge(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    redis_url: str,
    namespace: str,
) -> Iterator[Command]:
    """The command in this process: `cwbridge("jobs", "list")`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CWBRIDGE_REDIS__URL", redis_url)
    monkeypatch.setenv("CWBRIDGE_NAMESPACE", namespace)
    monkeypatch.setenv("COLUMNS", "200")
    root = logging.getLogger()
    handlers, level = root.handlers, root.level

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["cwbridge", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, said.out, said.err)

    yield run
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
