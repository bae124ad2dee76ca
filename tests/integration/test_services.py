"""The long-running services as processes: what they show, how they stop, and how soon an edit arrives."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cwbridge.redis import Redis
from sandbox.faults import FaultRule
from tests.integration.conftest import OpenBench
from tests.support import commands
from tests.support.bench import Bench
from tests.support.commands import Running
from tests.support.expected import Expected
from tests.support.until import until

POLL_SECONDS = 1.0
EVERY_SECOND = {"jetbuilt": {"poll_interval": "1s"}, "queue": {"debounce": "1s"}}
PRODUCTS = "/procurement/products"


async def address(daemon: Running) -> str:
    """Where the daemon listens, as it says in its log."""

    def said() -> list[dict[str, Any]]:
        assert daemon.process.returncode is None, "".join(daemon.err)
        return daemon.events("http_listening")

    (event,) = await until(said, what="the daemon listens")
    return str(event["url"])


async def ask(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def settled(bench: Bench) -> bool:
    """Whether nothing is left to be done; a daemon that has not polled yet does not count."""
    if not await bench.redis.exists(f"{bench.namespace}:watermark:jetbuilt"):
        return False
    counts = await bench.queue.counts()
    return not counts.active and not counts.scheduled


def arrived(bench: Bench, enqueued: Expected) -> bool:
    return bench.books.differences(enqueued) == []


def series(text: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    enqueued = [f'{label}="{value}"' for label, value in labels.items()]
    samples = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
    return sum(float(value) for given, value in samples if all(label in given for label in enqueued))


async def test_run_settles_everything_and_shows_itself_over_http(
    open_bench: OpenBench, tmp_path: Path
) -> None:
    bench = await open_bench(projects=4)
    async with commands.running("run", env=bench.environment(), cwd=tmp_path) as daemon:
        url = await address(daemon)
        assert await ask(f"{url}/healthz") == (200, '{"status": "ok"}')
        assert await ask(f"{url}/readyz") == (200, '{"status": "ready"}')
        await until(lambda: settled(bench), what="all is settled")
        status, text = await ask(f"{url}/metrics")
        assert (await ask(f"{url}/anything"))[0] == 404
        daemon.ask_to_stop()
        ended = await daemon.ended(within=20)
    assert (ended.code, status) == (0, 200)
    enqueued = await bench.expected()
    for one in enqueued.values():
        bench.books.assert_hold(one)
    assert series(text, "cwbridge_job_runs_total", flow="opportunity", outcome="succeeded") == len(enqueued)
    created = {"flow": "opportunity", "action": "created"}
    assert series(text, "cwbridge_objects_total", object="opportunity", **created) == len(enqueued)
    assert series(text, "cwbridge_objects_total", object="product_item", **created) == sum(
        len(one.lines) for one in enqueued.values()
    )
    assert series(text, "cwbridge_schedule_runs_total", schedule="jetbuilt_poll", outcome="succeeded") >= 1
    assert series(text, "cwbridge_queue_jobs") == 0
    assert series(text, "cwbridge_redis_up") == 1


async def test_every_call_is_counted_and_no_metric_names_an_object(bench: Bench, tmp_path: Path) -> None:
    async with commands.running("run", env=bench.environment(), cwd=tmp_path) as daemon:
        url = await address(daemon)
        await until(lambda: settled(bench), what="all is settled")
        _, text = await ask(f"{url}/metrics")
        daemon.ask_to_stop()
        await daemon.ended(within=20)
    calls = bench.box.connectwise_calls
    posted = series(
        text, "cwbridge_api_requests_total", system="connectwise", method="POST", endpoint=PRODUCTS
    )
    assert posted == calls.count("POST", PRODUCTS) > 0
    families = "|".join(str(family) for family in bench.families())
    # The value is no name: the digits of a time stamp may hold those of a family.
    assert not re.findall(rf"^cwbridge.*(?:{families}).* \S+$", text, re.MULTILINE)


async def test_metrics_and_health_survive_a_redis_that_is_gone(
    bench: Bench, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    env = bench.environment(CWBRIDGE_STATE_DIR=str(tmp_path_factory.mktemp("own")))
    del env["CWBRIDGE_REDIS__URL"]
    async with commands.running("producers", env=env, cwd=tmp_path) as daemon:
        url = await address(daemon)
        assert (await ask(f"{url}/readyz"))[0] == 200
        server = int((Path(env["CWBRIDGE_STATE_DIR"]) / "redis" / "redis.pid").read_text())
        os.kill(server, signal.SIGSTOP)
        try:
            status, said = await ask(f"{url}/readyz")
            assert (status, "Redis" in said) == (503, True)
            assert (await ask(f"{url}/healthz"))[0] == 200
            assert (await ask(f"{url}/metrics"))[0] == 200
        finally:
            os.kill(server, signal.SIGCONT)
        assert await until(lambda: _ready(url), what="it is ready again")
        daemon.ask_to_stop()
        assert (await daemon.ended(within=20)).code == 0


async def test_an_edit_arrives_within_the_poll_interval_and_three_seconds(
    bench: Bench, tmp_path: Path
) -> None:
    bench.changes = EVERY_SECOND
    family = bench.families()[0]
    async with commands.running("run", env=bench.environment(), cwd=tmp_path) as daemon:
        await until(lambda: settled(bench), what="all is settled")
        took = []
        for _ in range(2):
            edited = time.monotonic()
            await bench.jetbuilt.add_a_piece(family)
            enqueued = (await bench.expected())[f"jetbuilt:{family}"]
            await until(partial(arrived, bench, enqueued), what="the edit has arrived")
            took.append(time.monotonic() - edited)
        assert daemon.process.returncode is None
        daemon.ask_to_stop()
        assert (await daemon.ended(within=20)).code == 0
    assert max(took) < POLL_SECONDS + 3
    bench.books.assert_hold(enqueued)
    bench.books.assert_nothing_doubled()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_run_that_is_asked_to_stop_ends_what_it_has_begun(
    bench: Bench, tmp_path: Path, number: signal.Signals
) -> None:
    """The held call is answered within the grace time, so its job is finished; what had not begun is left for later."""
    faults = bench.box.connectwise_faults
    env = bench.environment(CWBRIDGE_QUEUE__CONCURRENCY="1")
    async with commands.running("run", env=env, cwd=tmp_path) as daemon:
        faults.add(
            FaultRule(name="held", method="POST", path=PRODUCTS, action="hold_before", after=5, times=1)
        )
        await until(lambda: faults.waiting("held"), what="a line is being created")
        daemon.ask_to_stop(number)
        await until(lambda: daemon.events("shutdown_started"), what="the worker lets its jobs end")
        faults.clear()
        ended = await daemon.ended(within=20)
    assert ended.code == 0
    finished = [
        external_id
        for external_id, one in (await bench.expected()).items()
        if not bench.books.differences(one)
    ]
    assert len(finished) == 1
    await bench.settled()
    await nothing_lost(bench)


async def test_a_run_that_cannot_end_its_work_in_time_gives_it_back(bench: Bench, tmp_path: Path) -> None:
    """The held call is not answered at all: the job is broken off after the grace time and goes on in the next process."""
    faults = bench.box.connectwise_faults
    faults.add(FaultRule(name="held", method="POST", path=PRODUCTS, action="hold_after", after=5, times=1))
    async with commands.running(
        "run", env=bench.environment(CWBRIDGE_QUEUE__SHUTDOWN_TIMEOUT="1s"), cwd=tmp_path
    ) as daemon:
        await until(lambda: faults.waiting("held"), what="a line was created and its answer is held back")
        asked = time.monotonic()
        daemon.ask_to_stop()
        ended = await daemon.ended(within=30)
        took = time.monotonic() - asked
    assert ended.code == 0
    assert took < 1 + 5
    assert [job.state for job in await bench.queue.jobs() if job.attempts or job.crashes] == []
    faults.clear()
    await bench.settled()
    await nothing_lost(bench)


async def test_a_second_ctrl_c_ends_at_once_and_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    faults = bench.box.connectwise_faults
    faults.add(FaultRule(name="held", method="POST", path=PRODUCTS, action="hold_after", after=5, times=1))
    # One job at a time: a second one could be killed while it holds a lock, which then blocks others for 15 seconds.
    bench.changes = {"queue": {"concurrency": 1, "lease_duration": "1s", "shutdown_timeout": "60s"}}
    env = bench.environment()
    async with commands.running("run", env=env, cwd=tmp_path) as daemon:
        await until(lambda: faults.waiting("held"), what="a line was created and its answer is held back")
        daemon.ask_to_stop(signal.SIGINT)
        await until(lambda: daemon.events("stop_requested"), what="the first one was handled")
        daemon.ask_to_stop(signal.SIGINT)
        ended = await daemon.ended(within=5)
    assert ended.code != 0
    faults.clear()
    await bench.settled()
    await nothing_lost(bench)


async def nothing_lost(bench: Bench) -> None:
    for one in (await bench.expected()).values():
        bench.books.assert_hold(one)
    bench.books.assert_nothing_doubled()


async def test_a_cancelled_task_stays_cancelled_whatever_it_asks_of_redis(redis: Redis) -> None:
    """Services stop by cancelling their loops; a loop that survives it keeps the process alive forever."""

    async def ask_for_ever() -> None:
        while True:
            await redis.ping()

    survivors = []
    for ticks in range(60):
        task = asyncio.create_task(ask_for_ever())
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=0.2)
        while not done:
            survivors.append(ticks)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=0.2)
    assert survivors == []


async def _ready(url: str) -> bool:
    return (await ask(f"{url}/readyz"))[0] == 200
