"""Lane and mode are merged each on its own, in every state, so that no demand of an enqueue is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cwbridge.limits.lane import LANES, RANK, Lane
from cwbridge.mode import MODES, Mode
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.outcome import DeadLettered, Deferred, Retried, Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.support.jobs import claimed, key

KEY = key(1)
SETTINGS = QueueSettings(debounce=timedelta(0), max_attempts=3, backoff_base=timedelta(0))
FAILURE = Failure(work_class="wait", error="Throttled", cause="pause", detail="", remedy="", at_ms=1)
WEAK = Enqueue(KEY, "opportunity", lane="fresh", mode="if_changed")
STRONG = Enqueue(KEY, "opportunity", lane="backlog", mode="verify")


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=SETTINGS)


async def started(queue: Queue) -> Run:
    [(name, fencing_token, *_)] = await claimed(queue, 1)
    run = await queue.start(name, fencing_token)
    assert run is not None
    return run


async def as_run(queue: Queue) -> tuple[Lane, Mode]:
    run = await started(queue)
    return run.lane, run.mode


@pytest.mark.parametrize("lanes", [(one, other) for one in LANES for other in LANES])
@pytest.mark.parametrize("modes", [(one, other) for one in MODES for other in MODES])
async def test_two_enqueues_become_one_run_with_the_demands_of_both(
    queue: Queue, lanes: tuple[Lane, Lane], modes: tuple[Mode, Mode]
) -> None:
    for lane, mode in zip(lanes, modes, strict=True):
        await queue.enqueue(Enqueue(KEY, "opportunity", lane, mode))
    assert await as_run(queue) == (min(lanes, key=RANK.__getitem__), max(modes, key=MODES.index))


@pytest.mark.parametrize(("first", "second"), [(WEAK, STRONG), (STRONG, WEAK)])
class TestMerged:
    async def test_when_delivered(self, queue: Queue, first: Enqueue, second: Enqueue) -> None:
        await queue.enqueue(first)
        [(name, fencing_token, *_)] = await claimed(queue, 1)
        await queue.enqueue(second)
        run = await queue.start(name, fencing_token)
        assert run is not None
        assert (run.lane, run.mode) == ("fresh", "verify")

    async def test_when_waiting(self, queue: Queue, first: Enqueue, second: Enqueue) -> None:
        await queue.enqueue(first)
        await queue.settle(await started(queue), Deferred(3600, FAILURE))
        await queue.enqueue(second)
        await queue.wake(KEY)
        assert await as_run(queue) == ("fresh", "verify")

    async def test_when_held(self, queue: Queue, first: Enqueue, second: Enqueue) -> None:
        await queue.enqueue(first)
        await queue.hold(KEY)
        await queue.enqueue(second)
        await queue.release(KEY)
        assert await as_run(queue) == ("fresh", "verify")

    async def test_when_dead(self, queue: Queue, first: Enqueue, second: Enqueue) -> None:
        await queue.enqueue(first)
        await queue.settle(await started(queue), DeadLettered(FAILURE))
        assert await queue.enqueue(Enqueue(KEY, "opportunity", second.lane, second.mode, version="new")) == 1
        assert await as_run(queue) == ("fresh", "verify")

    async def test_when_it_waits_or_fails_after_an_edit_during_the_run(
        self, queue: Queue, first: Enqueue, second: Enqueue
    ) -> None:
        for how in (Deferred(0, FAILURE), Deferred(0), Retried(FAILURE)):
            await queue.enqueue(first)
            run = await started(queue)
            await queue.enqueue(second)
            await queue.settle(run, how)
            run = await started(queue)
            assert (run.lane, run.mode) == ("fresh", "verify")
            assert await queue.settle(run, Succeeded()) == "gone"

    async def test_when_refused_after_an_edit_during_the_run(
        self, queue: Queue, first: Enqueue, second: Enqueue
    ) -> None:
        await queue.enqueue(first)
        run = await started(queue)
        await queue.enqueue(second)
        assert await queue.settle(run, DeadLettered(FAILURE)) == "due"
        assert await as_run(queue) == (second.lane, "verify")

    async def test_but_a_success_has_done_what_came_before_it(
        self, queue: Queue, first: Enqueue, second: Enqueue
    ) -> None:
        await queue.enqueue(first)
        run = await started(queue)
        await queue.enqueue(second)
        assert await queue.settle(run, Succeeded()) == "due"
        assert await as_run(queue) == (second.lane, second.mode)


async def test_after_a_crash_everything_is_still_to_be_done(
    queue: Queue, redis: Redis, namespace: str
) -> None:
    await queue.enqueue(STRONG)
    await started(queue)
    await queue.enqueue(WEAK)
    await redis.zadd(f"{namespace}:leases", {KEY: 1})
    assert await queue.reclaim() == 1
    assert await as_run(queue) == ("fresh", "verify")


async def test_a_known_version_is_enqueued_when_more_than_a_change_is_asked_for(queue: Queue) -> None:
    assert await queue.enqueue(Enqueue(KEY, "opportunity", version="7")) == 1
    assert await queue.enqueue(Enqueue(KEY, "opportunity", version="7")) == 0
    assert await queue.enqueue(Enqueue(KEY, "opportunity", mode="verify", version="7")) == 1
    assert await as_run(queue) == ("fresh", "verify")


async def test_what_a_person_requeues_is_written_at_once_and_a_schedule_keeps_the_mode(queue: Queue) -> None:
    await queue.enqueue(STRONG)
    await queue.settle(await started(queue), DeadLettered(FAILURE))
    assert await queue.requeue_later({KEY: 0}, lane="backlog", by="schedule", only_dead=True) == [KEY]
    run = await started(queue)
    assert (run.lane, run.mode) == ("backlog", "verify")
    await queue.settle(run, Deferred(3600, FAILURE))
    assert await queue.requeue_later({KEY: 0}, lane="backlog", by="schedule", only_dead=True) == []
    assert await queue.requeue(KEY) == 1
    assert await as_run(queue) == ("interactive", "force")
    counters = await queue.counters()
    assert counters.requeues == {("opportunity", "schedule"): 1, ("opportunity", "person"): 1}
    assert counters.dead_letters == {("opportunity", "Throttled"): 1}
