"""What a terminal, a locale and a pipe may do to the command, and the command does not mind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cwbridge import __version__
from cwbridge.ledger.links import Link, Links
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from tests.support import commands
from tests.support.jobs import Store, key


@pytest.fixture
def env(redis_url: str, store: Store) -> dict[str, str]:
    return {"CWBRIDGE_REDIS__URL": redis_url, "CWBRIDGE_NAMESPACE": store.namespace}


def fill(store: Store, jobs: int) -> None:
    async def act(redis: Redis, queue: Queue) -> None:
        await queue.enqueue(*(Enqueue(key(number), "opportunity") for number in range(1, jobs + 1)))
        name = "jetbuilt:site:büro münchen 東京@120"
        await Links(redis, namespace=store.namespace).put("site", name, Link(target=7, how="name"))

    store.do(act)


async def test_an_ascii_locale_shows_an_escape_instead_of_a_trace(
    env: dict[str, str], store: Store, tmp_path: Path
) -> None:
    await asyncio.to_thread(fill, store, 3)
    plain = {**env, "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    listed = await commands.run("links", "list", env=plain, cwd=tmp_path, fresh=True)
    assert (listed.code, "Traceback" in listed.err) == (0, False)
    assert "b\\xfcro" in listed.out
    assert (await commands.run("links", "list", "--json", env=plain, cwd=tmp_path, fresh=True)).code == 0


@pytest.mark.parametrize(
    "arguments", [("jobs", "list", "--each", "--limit", "1000"), ("jobs", "list", "--json", "--each")]
)
def test_a_reader_that_closes_the_pipe_is_no_failure(
    env: dict[str, str], store: Store, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    # Several times what a pipe holds.
    fill(store, 1_000)
    command = subprocess.Popen(
        [str(commands.COMMAND), *arguments],
        env={**os.environ, **env},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None
    command.stdout.read(10)
    command.stdout.close()
    _, said = command.communicate(timeout=60)
    assert (command.returncode, said) == (0, b"")


def test_a_service_whose_log_reader_has_gone_still_stops_cleanly(env: dict[str, str], tmp_path: Path) -> None:
    off = {**os.environ, **env, "CWBRIDGE_LOG__FORMAT": "json"}
    command = subprocess.Popen(
        [
            str(commands.COMMAND),
            "sandbox",
            "--projects",
            "1",
            "--jetbuilt-port",
            "0",
            "--connectwise-port",
            "0",
            "--bss-port",
            "0",
        ],
        env=off,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert command.stdout is not None
    assert command.stdout.readline().startswith(b"export ")
    command.stdout.close()
    command.send_signal(signal.SIGTERM)
    assert command.wait(timeout=30) == 0


async def test_no_color_is_honoured_and_the_version_is_one_line(tmp_path: Path) -> None:
    shown = await commands.run("--version", env={}, cwd=tmp_path)
    assert (shown.code, shown.out) == (0, f"cwbridge {__version__}\n")
    help_text = await commands.run("--help", env={"NO_COLOR": "1", "FORCE_COLOR": "1"}, cwd=tmp_path)
    assert (help_text.code, "\x1b" in help_text.out) == (0, False)


def test_a_command_imports_nothing_that_highlights_code(env: dict[str, str], tmp_path: Path) -> None:
    timed = [sys.executable, "-X", "importtime", str(commands.COMMAND), "status"]
    ended = subprocess.run(
        timed, env={**os.environ, **env}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert {"structlog", "rich.table"} <= imported
    assert not {name for name in imported if name.startswith(("pygments", "rich.traceback"))}


async def test_completion_is_offered_for_the_usual_shells(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        env = {"_CWBRIDGE_COMPLETE": f"complete_{shell}", "COMP_WORDS": "cwbridge jo", "COMP_CWORD": "1"}
        env |= {"_TYPER_COMPLETE_ARGS": "cwbridge jo", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        completed = await commands.run(env=env, cwd=tmp_path)
        assert "jobs" in completed.out, shell
