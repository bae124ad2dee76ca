"""The Jetbuilt poller: nothing is passed over, whatever fails in between, and quiet times cost one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import redis.exceptions

from cwbridge import errors
from cwbridge.connectors.jetbuilt import ACTIVE_PROJECTS
from cwbridge.ledger.hints import Hints
from cwbridge.queue import outcome as outcomes
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from producers.jetbuilt import JetbuiltPoller
from producers.watermarks import Watermark
from sandbox.faults import FaultRule
from tests.integration.conftest import OpenBench
from tests.support.bench import Bench
from tests.support.jobs import claimed
from tests.support.polling import jetbuilt_poller
from worker.opportunity.project_key import ProjectKey

PAGES = ("GET", "/api/projects", 200)


@asynccontextmanager
async def polling(bench: Bench) -> AsyncIterator[JetbuiltPoller]:
    """A poller whose key is proven; the call for that is not counted."""
    async with jetbuilt_poller(bench) as poller:
        bench.forget_calls()
        yield poller


async def watermark(bench: Bench) -> datetime | None:
    return await Watermark(bench.redis, namespace=bench.namespace, name="jetbuilt").get()


async def enqueued(bench: Bench) -> set[str]:
    return {job.key for job in await bench.queue.jobs(limit=1000)}


def keys(bench: Bench) -> set[str]:
    return {str(ProjectKey(family)) for family in bench.families()}


def failing_after(times: int, queue_want: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
    """`Queue.enqueue` that works so many times, and then finds no Redis."""
    worked = 0

    async def enqueue(*enqueues: Enqueue) -> int:
        nonlocal worked
        if worked == times:
            raise redis.exceptions.ConnectionError("Redis is gone")
        worked += 1
        return await queue_want(*enqueues)

    return enqueue


async def test_the_first_poll_enqueues_every_active_project_by_its_family(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=6)
    async with polling(bench) as poller:
        before = datetime.now(UTC)
        polled = await poller.poll()
    assert (polled.seen, polled.enqueued) == (6, 6)
    assert await enqueued(bench) == keys(bench)
    reached = await watermark(bench)
    assert reached is not None
    assert abs(reached - before) < timedelta(seconds=5)


async def test_more_than_a_page_of_projects_is_read_to_the_last_page(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=60)
    async with polling(bench) as poller:
        polled = await poller.poll()
    assert polled.seen == polled.enqueued == 60
    assert await enqueued(bench) == keys(bench)
    assert bench.box.jetbuilt_calls.counts[PAGES] == 3


async def test_a_quiet_poll_is_one_call_whatever_the_number_of_projects(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=60)
    async with polling(bench) as poller:
        await poller.poll()
        bench.forget_calls()
        for _ in range(5):
            assert (await poller.poll()).enqueued == 0
    assert dict(bench.box.jetbuilt_calls.counts) == {PAGES: 5}


async def test_what_the_overlap_reads_again_is_enqueued_once(bench: Bench) -> None:
    async with polling(bench) as poller:
        await poller.poll()
        await forget_jobs(bench)
        await bench.jetbuilt.patch(f"/projects/{bench.families()[0]}", name="Renamed")
        first, again = await poller.poll(), await poller.poll()
    assert (first.seen, first.enqueued) == (1, 1)
    assert (again.seen, again.enqueued) == (1, 0)
    assert await enqueued(bench) == {str(ProjectKey(bench.families()[0]))}


async def test_a_second_edit_within_the_overlap_is_enqueued_again(bench: Bench) -> None:
    async with polling(bench) as poller:
        await poller.poll()
        for name in ("Once", "Twice"):
            await forget_jobs(bench)
            await bench.jetbuilt.patch(f"/projects/{bench.families()[0]}", name=name)
            assert (await poller.poll()).enqueued == 1
    assert await enqueued(bench) == {str(ProjectKey(bench.families()[0]))}


async def test_the_watermark_stays_until_every_page_is_enqueued(
    open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await open_bench(projects=30)
    async with polling(bench) as poller:
        with monkeypatch.context() as broken:
            broken.setattr(poller._queue, "enqueue", failing_after(1, poller._queue.enqueue))
            with pytest.raises(redis.exceptions.ConnectionError):
                await poller.poll()
        assert len(await enqueued(bench)) == 25
        assert await watermark(bench) is None
        assert (await poller.poll()).enqueued == 5
    assert await enqueued(bench) == keys(bench)
    assert await watermark(bench) is not None


async def test_a_watermark_that_is_there_stays_as_well(
    open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await open_bench(projects=30)
    async with polling(bench) as poller:
        await poller.poll()
        await forget_jobs(bench)
        reached = await watermark(bench)
        for family in bench.families():
            bench.box.jetbuilt.edit_project(bench.active(family), name=f"Renamed {family}")
        with monkeypatch.context() as broken:
            broken.setattr(poller._queue, "enqueue", failing_after(1, poller._queue.enqueue))
            with pytest.raises(redis.exceptions.ConnectionError):
                await poller.poll()
        assert await watermark(bench) == reached
        await poller.poll()
    assert await enqueued(bench) == keys(bench)


async def test_a_redis_that_was_wiped_during_a_poll_is_read_anew_from_the_beginning(
    open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that earlier polls enqueued are lost with Redis, so a poll that began before must not say that all is read."""
    bench = await open_bench(projects=30)
    async with polling(bench) as poller:
        await poller.poll()
        enqueue = poller._queue.enqueue
        for since_begun in ("the first page", "an edit"):

            async def wiping(*keys: Enqueue) -> int:
                count = await enqueue(*keys)
                await bench.redis.flushall()
                return count

            bench.box.jetbuilt.edit_project(bench.active(bench.families()[0]), name=f"Renamed: {since_begun}")
            with monkeypatch.context() as broken:
                broken.setattr(poller._queue, "enqueue", wiping)
                await poller.poll()
            assert await watermark(bench) is None
            assert await enqueued(bench) == set()
    async with polling(bench) as poller:
        await poller.poll()
    assert await enqueued(bench) == keys(bench)


async def test_a_page_that_jetbuilt_does_not_answer_leaves_the_watermark(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=30)
    async with polling(bench) as poller:
        bench.box.jetbuilt_faults.add(FaultRule(name="away", path="/projects", action="fail", after=1))
        with pytest.raises(errors.ServerFailed):
            await poller.poll()
        assert await watermark(bench) is None
        bench.box.jetbuilt_faults.clear()
        await poller.poll()
    assert await enqueued(bench) == keys(bench)


async def test_the_watermark_is_the_time_of_the_first_answer(
    open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that is edited while the later pages are read would be passed over by the time of the last answer."""
    bench = await open_bench(projects=60)
    began = datetime(2026, 11, 21, 12, tzinfo=UTC)
    async with polling(bench) as poller:
        page_of = poller._client.projects_page

        async def slowly(**asked: Any) -> Any:
            answer = await page_of(**asked)
            return msgspec.structs.replace(answer, server_time=began + timedelta(minutes=asked["page"] - 1))

        monkeypatch.setattr(poller._client, "projects_page", slowly)
        await poller.poll()
    assert await watermark(bench) == began


async def test_an_edit_while_the_pages_are_read_is_seen_by_the_next_poll(
    open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await open_bench(projects=30)
    edited = bench.families()[0]
    async with polling(bench) as poller:
        page_of = poller._client.projects_page

        async def meanwhile(**asked: Any) -> Any:
            if asked["page"] == 2:
                await bench.jetbuilt.patch(f"/projects/{edited}", name="Meanwhile")
            return await page_of(**asked)

        with monkeypatch.context() as busy:
            busy.setattr(poller._client, "projects_page", meanwhile)
            await poller.poll()
        await forget_jobs(bench)
        assert (await poller.poll()).enqueued == 1
    assert await enqueued(bench) == {str(ProjectKey(edited))}


async def test_a_full_sync_enqueues_every_project_though_nothing_changed(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=30)
    async with polling(bench) as poller:
        await poller.poll()
        await forget_jobs(bench)
        polled = await poller.full_sync()
    assert polled.seen == polled.enqueued == 30
    assert await enqueued(bench) == keys(bench)
    assert {job.lane for job in await bench.queue.jobs()} == {"backlog"}


async def test_it_notes_which_version_of_a_family_is_active(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=6)
    async with polling(bench) as poller:
        await poller.poll()
        active = Hints(bench.redis, namespace=bench.namespace, name=ACTIVE_PROJECTS)
        for family in bench.families():
            assert await active.hint(family) == bench.active(family)
        revised = await bench.jetbuilt.post(
            f"/projects/{bench.active(bench.families()[0])}/revisions", name="2"
        )
        await poller.poll()
        assert await active.hint(bench.families()[0]) == revised["id"]


async def forget_jobs(bench: Bench) -> None:
    """As if a worker had settled all of them."""
    queue: Queue = bench.queue
    while deliveries := await claimed(queue, 100):
        for key, fencing_token, *_ in deliveries:
            run = await queue.start(key, fencing_token)
            assert run is not None
            assert await queue.settle(run, outcomes.Succeeded()) == "gone"
