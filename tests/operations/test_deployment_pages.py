"""The pages on deployment, upgrade, backup, moving and removing: every command that can run here is typed from the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_services import address, settled
from tests.operations.documented_commands import (
    Typed,
    blocks,
    commands_of,
    is_read_by_a_shell,
    prints,
    typed,
)
from tests.support import commands
from tests.support.bench import Bench
from tests.support.until import until

pytestmark = pytest.mark.operations

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("deploy-systemd", "deploy-kubernetes", "upgrade", "backup", "move", "remove")


@pytest.mark.parametrize("page", PAGES)
async def test_the_commands_of_a_page_do_what_it_says(
    bench: Bench, redis_url: str, tmp_path: Path, page: str
) -> None:
    env = bench.environment()
    async with (
        commands.running("producers", env=env, cwd=tmp_path) as producers,
        commands.running("worker", env=env, cwd=tmp_path),
    ):
        url = await address(producers)
        await until(lambda: settled(bench), what="all is settled")
        for one in commands_of(DOCS / f"{page}.md"):
            # The addresses of this machine: a free port, and the socket of the test's Redis.
            here = one.command.replace("http://127.0.0.1:8480", url)
            here = here.replace('-u "$CWBRIDGE_REDIS__URL"', f"-s {redis_url.removeprefix('unix://')}")
            await typed(Typed(here, one.expected), env=env, cwd=tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_the_other_commands_are_understood_by_a_shell(page: str) -> None:
    for kind, text in blocks(DOCS / f"{page}.md"):
        assert kind == "console" or is_read_by_a_shell(text) == ""


def test_the_wrapper_of_commands_is_understood_by_a_shell() -> None:
    wrapper = DOCS.parent / "deploy" / "systemd" / "cwbridge-command"
    assert wrapper.stat().st_mode & 0o111
    assert is_read_by_a_shell(wrapper.read_text("utf-8")) == ""


def test_an_output_is_compared_with_what_the_page_shows() -> None:
    assert prints("one\ntwo  2\nthree\n", ("...", "two ...", "..."))
    assert prints("anything\n", ())
    assert not prints("one\n", ("two",))
    assert not prints("one\ntwo\n", ("one",))
