"""The commands a person uses, as processes: what they print parses, is true, and can be worked with."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import FaultRule
from tests.support import commands
from tests.support.bench import Bench
from tests.support.until import until

NEVER = "jetbuilt/project/1"


async def with_one_dead(bench: Bench) -> str:
    """All settled but one project, whose line has a model that is no text; answers its key."""
    family = bench.families()[2]
    line = await bench.jetbuilt.first_line(family)
    bench.box.jetbuilt.edit_line(family, line["id"], model=17)
    assert (await bench.sync()).exit_code == 1
    bench.box.jetbuilt.edit_line(family, line["id"], model="Seventeen")
    return f"jetbuilt/project/{family}"


class Prompt:
    """Runs commands against one bench."""

    def __init__(self, bench: Bench, cwd: Path) -> None:
        self._env = bench.environment()
        self._cwd = cwd

    async def __call__(self, *arguments: str) -> commands.Ended:
        return await commands.run(*arguments, env=self._env, cwd=self._cwd)

    async def json(self, *arguments: str) -> Any:
        """What the command prints with --json; nothing else may be on standard output."""
        ended = await self(*arguments, "--json")
        assert ended.code == 0, ended.err
        return ended.json


@pytest.fixture
def prompt(bench: Bench, tmp_path: Path) -> Prompt:
    return Prompt(bench, tmp_path)


async def test_the_dead_job_is_listed_with_cause_and_remedy(bench: Bench, prompt: Prompt) -> None:
    key = await with_one_dead(bench)
    (group,) = await prompt.json("jobs", "list")
    (job,) = await prompt.json("jobs", "list", "--each", "--state", "dead")
    assert (group["jobs"], group["states"], group["examples"]) == (1, {"dead": 1}, [key])
    assert (job["key"], job["state"], job["failure"]["error"]) == (key, "dead", "Malformed")
    assert job["failure"]["cause"] == group["cause"] != ""
    assert job["failure"]["remedy"] == group["remedy"] != ""
    told = await prompt("jobs", "list")
    assert told.code == 0
    assert key in told.out
    assert group["cause"] in " ".join(told.out.split())


async def test_a_job_is_shown_with_its_failure_and_its_history(bench: Bench, prompt: Prompt) -> None:
    key = await with_one_dead(bench)
    shown = await prompt.json("jobs", "show", key)
    assert (shown["key"], shown["job"]["state"], shown["job"]["failure"]["work_class"]) == (
        key,
        "dead",
        "refused",
    )
    assert [event["what"] for event in shown["history"]] == ["refused: Malformed"]
    settled = f"jetbuilt/project/{bench.families()[1]}"
    shown = await prompt.json("jobs", "show", settled)
    assert shown["job"] is None
    assert shown["history"][0]["what"] == "created"
    assert shown["history"][0]["target"] == bench.books.opportunity(f"jetbuilt:{bench.families()[1]}")["id"]
    told = await prompt("jobs", "show", key)
    assert all(word in told.out for word in (key, "cause", "remedy", "Malformed"))
    assert (await prompt("jobs", "show", NEVER)).code == 1


async def test_a_requeue_can_be_tried_out_and_puts_the_job_back(bench: Bench, prompt: Prompt) -> None:
    key = await with_one_dead(bench)
    tried = await prompt.json("jobs", "requeue", "--state", "dead", "--dry-run")
    assert (tried["chosen"], tried["requeued"], tried["dry_run"]) == ([key], 0, True)
    job = await bench.job(key)
    assert job is not None
    assert job.state == "dead"
    done = await prompt.json("jobs", "requeue", key)
    assert (done["chosen"], done["requeued"], done["dry_run"]) == ([key], 1, False)
    job = await bench.job(key)
    assert job is not None
    assert (job.state, job.lane, job.attempts) == ("due", "interactive", 0)
    assert (await prompt("jobs", "requeue", NEVER)).code == 1
    await bench.settled()
    for one in (await bench.expected()).values():
        bench.books.assert_hold(one)


async def test_a_requeue_of_everything_and_of_names_at_once_is_refused(prompt: Prompt) -> None:
    for arguments in (("jobs", "requeue"), ("jobs", "requeue", NEVER, "--state", "dead")):
        ended = await prompt(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert "Traceback" not in ended.err


async def test_the_status_tells_the_truth_before_during_and_after(bench: Bench, prompt: Prompt) -> None:
    empty = await prompt.json("status")
    assert (empty["namespace"], [read["moment"] for read in empty["read_until"]]) == (bench.namespace, [None])
    assert set(empty["links"].values()) == {0}
    key = await with_one_dead(bench)
    failed = await prompt.json("status")
    assert (failed["queue"]["dead"], failed["queue"]["due"], failed["queue"]["running"]) == (1, 0, 0)
    assert failed["read_until"][0]["moment"] is not None
    assert await bench.queue.requeue(key) == 1
    await bench.settled()
    settled = await prompt.json("status")
    assert settled["links"]["opportunities"] == len(bench.books.opportunities())
    assert settled["queue"]["dead"] == settled["queue"]["due"] == settled["queue"]["scheduled"] == 0
    assert ": settled" in (await prompt("status")).out


async def test_a_sync_says_what_it_did_and_what_is_left(bench: Bench, prompt: Prompt) -> None:
    family = bench.families()[2]
    rule = FaultRule(name="gone", path=f"/projects/{family}/items", action="fail", status=404)
    bench.box.jetbuilt_faults.add(rule)
    ended = await prompt("sync")
    assert ended.code == 1
    assert "looked at 3" in ended.out
    assert f"jetbuilt/project/{family}" in ended.out
    assert "Everything is settled" not in ended.out
    bench.box.jetbuilt_faults.clear()
    ended = await prompt("sync", f"jetbuilt/project/{family}")
    assert (ended.code, "Everything is settled" in ended.out) == (0, True)


async def test_a_sync_that_is_interrupted_says_what_it_left_and_loses_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    faults = bench.box.connectwise_faults
    faults.add(
        FaultRule(name="held", method="POST", path="/procurement/products", action="hold_after", after=5)
    )
    env = bench.environment(CWBRIDGE_QUEUE__SHUTDOWN_TIMEOUT="500ms")
    async with commands.running("sync", "--json", env=env, cwd=tmp_path) as sync:
        await until(lambda: faults.waiting("held"), what="lines are being created")
        sync.ask_to_stop(signal.SIGINT)
        ended = await sync.ended(within=20)
    assert ended.code == 1
    assert {job["state"] for job in ended.json["unsettled"]} <= {"due", "scheduled", "waiting"}
    assert ended.json["unsettled"] != []
    faults.clear()
    await bench.settled()
    for one in (await bench.expected()).values():
        bench.books.assert_hold(one)
    bench.books.assert_nothing_doubled()


async def test_the_exports_of_the_sandbox_are_all_a_sync_needs(tmp_path: Path) -> None:
    arguments = (
        "sandbox",
        "--projects",
        "2",
        "--jetbuilt-port",
        "0",
        "--connectwise-port",
        "0",
        "--bss-port",
        "0",
        "--no-limits",
    )
    async with commands.running(*arguments, env={}, cwd=tmp_path) as sandbox:
        await until(lambda: "X-Sandbox-Key" in "".join(sandbox.out), what="the settings are printed")
        exports = re.findall(r"^export (\S+)$", "".join(sandbox.out), re.MULTILINE)
        env = dict(shlex.split(line)[0].split("=", 1) for line in exports)
        assert "CWBRIDGE_CONNECTWISE__PRIVATE_KEY" in env
        off = {f"CWBRIDGE_{system}__RATE_LIMIT": "off" for system in ("JETBUILT", "CONNECTWISE")}
        synced = await commands.run("sync", "--json", env={**env, **off}, cwd=tmp_path)
        assert synced.code == 0, synced.err
        assert synced.json["settled"] >= 2
        sandbox.ask_to_stop()
        assert (await sandbox.ended(within=10)).code == 0


async def test_the_demo_settles_everything_and_shows_an_edit_arrive(tmp_path: Path) -> None:
    # Settings of a real bridge must not lead the demo to real systems.
    real = {"CWBRIDGE_JETBUILT__URL": "https://app.jetbuilt.com/api", "CWBRIDGE_NAMESPACE": "production"}
    demo = await commands.run("demo", "--once", "--projects", "3", env=real, cwd=tmp_path, within=80)
    assert demo.code == 0, demo.err
    assert "All projects settled" in demo.out
    changed = re.search(r"quantity (\S+) -> (\S+)\n  (jetbuilt/project/\d+)  (.*)", demo.out)
    assert changed is not None
    before, after, _, told = changed.groups()
    assert float(before) < float(after)
    assert "updated" in told
    assert re.search(
        r"in BSS: phone .*\n(  .*\n)*  bss/account/\d+  company \d+ updated: to ConnectWise: phone", demo.out
    )
    assert re.search(
        r"in ConnectWise: website .*\n(  .*\n)*  bss/account/\d+  company \d+ updated: to BSS: website",
        demo.out,
    )
    assert re.search(
        r"issues invoice DEMO-0001 over 108\.25\n(  .*\n)*  bss/invoice/\S+  invoice \d+ created", demo.out
    )
    assert re.search(r"pays 108\.25\n(  .*\n)*  bss/payment/\S+  payment \d+ created", demo.out)
    assert len(re.findall(r"^  in (?:ConnectWise|BSS) after \d+\.\d s$", demo.out, re.MULTILINE)) == 5
    assert list(await asyncio.to_thread(lambda: list(tmp_path.iterdir()))) == []
