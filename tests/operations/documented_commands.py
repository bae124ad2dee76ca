"""Runs the commands of a page from its own text: fenced blocks `console` with `$ command` lines and the output below them.

In an expected output, `...` on a line of its own stands for any lines, and within a line for any text. Blocks `sh` need a machine of
their own (systemctl, kubectl, apt-get) and are only read by a shell without running them.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

_BLOCK = re.compile(r"^```(console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 240


class Typed(msgspec.Struct, frozen=True):
    """A command as a person types it, and what the page says that it prints."""

    command: str
    expected: tuple[str, ...]


def commands_of(page: Path) -> list[Typed]:
    """Every command of the `console` blocks of a page, in order."""
    return commands_in(page.read_text("utf-8"))


def commands_in(text: str) -> list[Typed]:
    """Every command of the `console` blocks of a part of a page, in order."""
    return [typed for kind, block in _BLOCK.findall(text) if kind == "console" for typed in _typed(block)]


def blocks(page: Path) -> list[tuple[str, str]]:
    """Kind and text of every block of commands."""
    return _BLOCK.findall(page.read_text("utf-8"))


def _typed(text: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *expected = part.rstrip("\n").split("\n")
        yield Typed(command, tuple(expected))


async def typed(one: Typed, *, env: Mapping[str, str], cwd: Path) -> str:
    """Type a command into a shell and return what it prints; raises AssertionError when that is not what the page says."""
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-o", "pipefail", "-c", one.command),
        env={"HOME": str(cwd), "PATH": path, "COLUMNS": "200", **env},
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(_SECONDS):
        output, _ = await process.communicate()
    said = output.decode()
    assert process.returncode == 0, f"$ {one.command}\n{said}"
    assert prints(said, one.expected), f"$ {one.command}\n{said}\nis not\n" + "\n".join(one.expected)
    return said


def prints(said: str, expected: tuple[str, ...]) -> bool:
    """Whether an output is the one that a page shows; runs of blanks count as one."""
    pattern = ""
    for line in expected:
        if line == "...":
            pattern += r"(?:.*\n)*?"
        else:
            words = (".*".join(re.escape(part) for part in word.split("...")) for word in line.split())
            pattern += r"\s*" + r"\s+".join(words) + r"\s*\n"
    lines = "".join(f"{line.rstrip()}\n" for line in said.rstrip("\n").split("\n"))
    return not expected or re.fullmatch(pattern, lines) is not None


def is_read_by_a_shell(text: str) -> str:
    """What a shell says against the commands of a block; empty when it understands them."""
    done = subprocess.run(["/bin/bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return done.stderr
