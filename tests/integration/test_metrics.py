"""The metrics as Prometheus sees them: scraped from producers and a worker that sync both stand-ins."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from cwbridge import cluster_metrics, metrics, presence
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue
from cwbridge.queue.outcome import DeadLettered
from tests.integration.test_services import address, ask, series, settled
from tests.support import commands
from tests.support.bench import Bench
from tests.support.jobs import claimed
from tests.support.until import until

CLUSTER = {one.name for one in cluster_metrics.CLUSTER}
PROCESS = {one.name for one in metrics.PROCESS}
ALWAYS = {
    "cwbridge_build_info",
    "cwbridge_event_loop_lag_seconds",
    "cwbridge_redis_command_duration_seconds",
    "cwbridge_redis_up",
}


def names(text: str) -> set[str]:
    """The series of ours in an answer that have samples, by their name in the reference."""
    found = set()
    for family in text_string_to_metric_families(text):
        if family.name.startswith("cwbridge_") and family.samples:
            found.add(family.name + {"counter": "_total", "info": "_info"}.get(family.type, ""))
    return found


async def scraped(url: str) -> str:
    status, text = await ask(f"{url}/metrics")
    assert status == 200
    return text


async def test_producers_show_the_whole_daemon_and_workers_show_their_own_work(
    bench: Bench, tmp_path: Path
) -> None:
    env = bench.environment()
    async with (
        commands.running("producers", env=env, cwd=tmp_path) as polling,
        commands.running("worker", env=env, cwd=tmp_path) as working,
    ):
        producers, worker = await address(polling), await address(working)
        await until(lambda: settled(bench), what="all is settled")
        of_producers, of_worker = await scraped(producers), await scraped(worker)
        processes = await presence.present(bench.redis, bench.namespace)
        for daemon in (working, polling):
            daemon.ask_to_stop()
            assert (await daemon.ended(within=20)).code == 0
    assert names(of_worker) & CLUSTER == set()
    assert names(of_worker) | names(of_producers) <= CLUSTER | PROCESS
    assert names(of_worker) & names(of_producers) >= ALWAYS
    assert {one.services: one.slots for one in processes} == {("producers",): 0, ("worker",): 8}
    assert await presence.present(bench.redis, bench.namespace) == []
    assert series(of_producers, "cwbridge_workers") == 1
    assert series(of_producers, "cwbridge_worker_slots") == 8
    assert series(of_producers, "cwbridge_redis_durable") in {0, 1}
    assert (
        abs(series(of_producers, "cwbridge_watermark_timestamp_seconds", source="jetbuilt") - time.time())
        < 120
    )
    assert series(of_worker, "cwbridge_api_last_success_timestamp_seconds", system="connectwise") > 0
    assert series(of_worker, "cwbridge_sync_last_success_timestamp_seconds", flow="opportunity") > 0
    assert series(of_worker, "cwbridge_redis_command_duration_seconds_count") > 0


async def test_the_time_from_an_edit_to_its_arrival_is_measured_by_the_clock_of_the_source(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    family = bench.families()[0]
    project = bench.active(family)
    line = next(line for line in bench.box.jetbuilt.project(project).lines if line.option_id is None)
    async with commands.running("run", env=bench.environment(), cwd=tmp_path) as daemon:
        url = await address(daemon)
        bench.box.jetbuilt.edit_line(project, line.id, price=4321)
        await bench.queue.enqueue(Enqueue(f"jetbuilt/project/{family}", "opportunity"))

        async def measured() -> float:
            return series(await scraped(url), "cwbridge_source_to_target_seconds_count", flow="opportunity")

        await until(measured, what="the arrival of the edit is measured")
        text = await scraped(url)
        daemon.ask_to_stop()
        await daemon.ended(within=20)
    assert 0 <= series(text, "cwbridge_source_to_target_seconds_sum", flow="opportunity") < 60


async def test_what_is_in_redis_is_not_shown_while_redis_is_away(bench: Bench, tmp_path: Path) -> None:
    state = tmp_path / "state"
    env = bench.environment(CWBRIDGE_STATE_DIR=str(state))
    del env["CWBRIDGE_REDIS__URL"]
    async with commands.running("producers", env=env, cwd=tmp_path) as daemon:
        url = await address(daemon)

        async def shows_the_queue() -> bool:
            return "cwbridge_queue_jobs" in names(await scraped(url))

        await until(shows_the_queue, what="the jobs of the queue are shown")
        server = int((state / "redis" / "redis.pid").read_text())
        os.kill(server, signal.SIGSTOP)
        try:
            text = await scraped(url)
            assert names(text) & CLUSTER == set()
            assert names(text) >= ALWAYS
        finally:
            os.kill(server, signal.SIGCONT)
        await until(shows_the_queue, what="they are shown again")
        daemon.ask_to_stop()
        await daemon.ended(within=20)


async def test_jobs_and_requeues_are_counted_wherever_they_happen(bench: Bench, tmp_path: Path) -> None:
    key = "jetbuilt/project/1"
    await bench.queue.enqueue(Enqueue(key, "opportunity", lane="interactive"))
    [(_, fencing_token, *_)] = await claimed(bench.queue, 1)
    run = await bench.queue.start(key, fencing_token)
    assert run is not None
    refused = Failure(work_class="refused", error="MappingRefused", cause="c", detail="", remedy="", at_ms=1)
    await bench.queue.settle(run, DeadLettered(refused))
    async with commands.running("producers", env=bench.environment(), cwd=tmp_path) as daemon:
        url = await address(daemon)
        before = await scraped(url)
        ended = await commands.run("jobs", "requeue", key, env=bench.environment(), cwd=tmp_path)
        assert ended.code == 0, ended.err
        after = await scraped(url)
        daemon.ask_to_stop()
        await daemon.ended(within=20)
    dead = {"flow": "opportunity", "error": "MappingRefused"}
    assert series(before, "cwbridge_dead_letters", **dead) == 1
    assert series(after, "cwbridge_dead_letters", **dead) == 0
    assert series(after, "cwbridge_requeues_total", flow="opportunity", by="person") == 1
