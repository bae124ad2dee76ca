"""The scripts of the queue, through the Queue, on a real Redis."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from cwbridge import clock
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.outcome import DeadLettered, Deferred, Retried, Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.support.jobs import claimed

KEY = "jetbuilt/project/1"
QUICK = QueueSettings(
    debounce=timedelta(0),
    lease_duration=timedelta(milliseconds=150),
    max_attempts=3,
    backoff_base=timedelta(0),
    max_crashes=2,
)
FAILURE = Failure(
    work_class="refused",
    error="MappingRefused",
    cause="category Rack missing",
    detail="",
    remedy="Create it.",
    at_ms=1,
)


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=QUICK)


async def started(queue: Queue, key: str = KEY) -> Run:
    [(name, fencing_token, *_)] = await claimed(queue, 1)
    assert name == key
    run = await queue.start(key, fencing_token)
    assert run is not None
    return run


async def state_of(queue: Queue, key: str = KEY) -> str | None:
    job = await queue.job(key)
    return job.state if job else None


async def test_a_settled_key_leaves_no_record(queue: Queue, redis: Redis, namespace: str) -> None:
    assert await queue.enqueue(Enqueue(KEY, "opportunity")) == 1
    run = await started(queue)
    assert (run.attempts, run.crashes, run.waits, run.generation) == (0, 0, 0, 1)
    assert await queue.settle(run, Succeeded()) == "gone"
    assert await queue.job(KEY) is None
    left = {name.decode().removeprefix(f"{namespace}:") async for name in redis.scan_iter(f"{namespace}:*")}
    assert left == {"fencing_token", "flows", "turns"}


async def test_an_edit_during_a_run_is_run_again(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    first = await started(queue)
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert await claimed(queue, 5) == []
    assert await queue.settle(first, Succeeded()) == "due"
    second = await started(queue)
    assert second.fencing_token > first.fencing_token
    assert second.since_ms >= first.started_ms
    assert await queue.settle(second, Succeeded()) == "gone"


async def test_an_edit_between_delivery_and_start_is_part_of_that_run(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    [(_, fencing_token, *_)] = await claimed(queue, 1)
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    run = await queue.start(KEY, fencing_token)
    assert run is not None
    assert run.generation == 2
    assert await queue.settle(run, Succeeded()) == "gone"


async def test_the_same_version_is_not_queued_twice(queue: Queue) -> None:
    assert await queue.enqueue(Enqueue(KEY, "opportunity", version="7")) == 1
    assert await queue.enqueue(Enqueue(KEY, "opportunity", version="7")) == 0
    await queue.settle(await started(queue), Succeeded())
    assert await queue.enqueue(Enqueue(KEY, "opportunity", version="7")) == 0
    assert await claimed(queue, 1) == []
    assert (
        await queue.enqueue(
            Enqueue(KEY, "opportunity", version="8"), Enqueue(KEY, "opportunity", version="8")
        )
        == 1
    )
    assert await queue.enqueue(Enqueue(KEY, "opportunity")) == 1


async def test_a_burst_of_edits_is_one_run(redis: Redis, namespace: str) -> None:
    queue = Queue(
        redis,
        namespace=namespace,
        settings=QUICK.model_copy(update={"debounce": timedelta(milliseconds=150)}),
    )
    for version in range(20):
        await queue.enqueue(Enqueue(KEY, "opportunity", version=str(version)))
    assert await claimed(queue, 5) == []
    counts = await queue.counts()
    assert (counts.due, counts.scheduled) == (0, 1)
    assert counts.next_due_ms is not None
    await asyncio.sleep((counts.next_due_ms - counts.now_ms) / 1000 + 0.01)
    run = await started(queue)
    assert run.generation == 20
    assert await queue.settle(run, Succeeded()) == "gone"


@pytest.mark.parametrize(
    ("seconds_ago", "waits"),
    [(None, (3500, 3600)), (-7200, (3500, 3600)), (0, (3500, 3600)), (600, (2900, 3000)), (7200, (-10, 0))],
)
async def test_the_debounce_counts_from_the_change_itself(
    redis: Redis, namespace: str, seconds_ago: int | None, waits: tuple[int, int]
) -> None:
    """A clock of the source that is ahead makes no one wait longer; without a time of change the whole debounce counts."""
    queue = Queue(
        redis, namespace=namespace, settings=QUICK.model_copy(update={"debounce": timedelta(hours=1)})
    )
    changed = None if seconds_ago is None else clock.now_ms() - 1000 * seconds_ago
    await queue.enqueue(Enqueue(KEY, "opportunity", changed_ms=changed))
    job = await queue.job(KEY)
    assert job is not None
    assert waits[0] <= (job.due_ms - clock.now_ms()) / 1000 <= waits[1]


async def test_a_person_does_not_wait_for_the_debounce(redis: Redis, namespace: str) -> None:
    queue = Queue(
        redis, namespace=namespace, settings=QUICK.model_copy(update={"debounce": timedelta(hours=1)})
    )
    await queue.enqueue(Enqueue(KEY, "opportunity", lane="backlog"))
    assert await claimed(queue, 1) == []
    await queue.enqueue(Enqueue(KEY, "opportunity", lane="interactive"))
    assert (await started(queue)).lane == "interactive"


async def test_a_crashed_workers_job_is_picked_up(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    dead_run = await started(queue)
    assert await queue.reclaim() == 0
    await asyncio.sleep(0.16)
    assert await queue.reclaim() == 1
    run = await started(queue)
    assert (run.crashes, run.attempts) == (1, 0)
    assert await queue.settle(dead_run, Succeeded()) is None
    assert await queue.settle(run, Succeeded()) == "gone"


async def test_a_delivery_that_never_starts_comes_back_at_no_cost(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    await claimed(queue, 1)
    assert await queue.reclaim() == 0
    await asyncio.sleep(0.16)
    assert await queue.reclaim() == 1
    assert (await started(queue)).crashes == 0


async def test_a_worker_that_stops_gives_back_what_it_had_not_begun(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"), Enqueue("jetbuilt/project/2", "opportunity"))
    [(first, fencing_token, *_), _] = await claimed(queue, 2, arq_queue="mine")
    assert await queue.start(first, fencing_token) is not None
    assert await queue.give_back("other") == 0
    assert await queue.give_back("mine") == 1
    counts = await queue.counts()
    assert (counts.due, counts.dispatched, counts.running) == (1, 0, 1)


async def test_poison_is_dead_lettered(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    for _ in range(QUICK.max_crashes):
        await started(queue)
        await asyncio.sleep(0.16)
        assert await queue.reclaim() == 1
    job = await queue.job(KEY)
    assert job is not None
    assert job.state == "dead"
    assert job.failure is not None
    assert job.failure.cause == "its worker crashed 2 times during its run"
    assert await claimed(queue, 1) == []


async def test_an_edit_during_the_last_crash_is_not_lost(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    for crash in range(QUICK.max_crashes):
        await started(queue)
        if crash == QUICK.max_crashes - 1:
            await queue.enqueue(Enqueue(KEY, "opportunity"))
        await asyncio.sleep(0.16)
        await queue.reclaim()
    assert await state_of(queue) == "due"


async def test_a_stale_fencing_token_can_neither_start_nor_extend_nor_settle(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    [(_, lost_fencing_token, *_)] = await claimed(queue, 1)
    await asyncio.sleep(0.16)
    await queue.reclaim()
    assert await queue.start(KEY, lost_fencing_token) is None
    stale = await started(queue)
    assert await queue.start(KEY, stale.fencing_token) is None
    await asyncio.sleep(0.16)
    await queue.reclaim()
    run = await started(queue)
    assert await queue.extend(stale) is False
    for outcome in (Succeeded(), Deferred(1), Retried(FAILURE), DeadLettered(FAILURE)):
        assert await queue.settle(stale, outcome) is None
    assert await state_of(queue) == "running"
    assert await queue.extend(run) is True
    assert await queue.settle(run, Succeeded()) == "gone"


async def test_a_heartbeat_keeps_the_lease(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    run = await started(queue)
    for _ in range(4):
        await asyncio.sleep(0.06)
        assert await queue.extend(run) is True
        assert await queue.reclaim() == 0


async def test_waits_cost_no_attempt_and_keep_their_time(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert await queue.settle(await started(queue), Deferred(0, FAILURE)) == "waiting"
    run = await started(queue)
    assert (run.attempts, run.waits) == (0, 1)
    assert await queue.settle(run, Deferred(3600, FAILURE)) == "waiting"
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    job = await queue.job(KEY)
    assert job is not None
    assert (job.state, job.reason, job.failure) == ("waiting", "wait", FAILURE)
    await queue.enqueue(Enqueue(KEY, "opportunity", lane="interactive"))
    assert (await started(queue)).attempts == 0


async def test_a_broken_off_run_costs_nothing(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert await queue.settle(await started(queue), Deferred(0)) == "due"
    run = await started(queue)
    assert (run.attempts, run.waits, run.crashes) == (0, 0, 0)


async def test_the_last_attempt_is_dead_with_its_real_cause(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    for attempt in range(QUICK.max_attempts):
        run = await started(queue)
        assert run.attempts == attempt
        after = await queue.settle(run, Retried(FAILURE))
        assert after == ("dead" if attempt == QUICK.max_attempts - 1 else "due")
    job = await queue.job(KEY)
    assert job is not None
    assert (job.state, job.attempts) == ("dead", 3)
    assert job.failure is not None
    assert (job.failure.cause, job.failure.remedy) == (FAILURE.cause, FAILURE.dead_lettered(3).remedy)
    assert "once a day" in job.failure.remedy


async def test_a_new_edit_ends_the_backing_off(redis: Redis, namespace: str) -> None:
    slow = QUICK.model_copy(update={"backoff_base": timedelta(days=1), "backoff_max": timedelta(days=1)})
    queue = Queue(redis, namespace=namespace, settings=slow)
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    await queue.settle(await started(queue), Retried(FAILURE))
    assert await claimed(queue, 1) == []
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert (await started(queue)).attempts == 1


async def test_a_refused_key_is_dead_at_once_and_a_new_edit_revives_it(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity", version="1"))
    assert await queue.settle(await started(queue), DeadLettered(FAILURE)) == "dead"
    await queue.enqueue(Enqueue(KEY, "opportunity", version="1"))
    assert [job.key for job in await queue.jobs(state="dead")] == [KEY]
    await queue.enqueue(Enqueue(KEY, "opportunity", version="2"))
    job = await queue.job(KEY)
    assert job is not None
    assert (job.state, job.attempts, job.failure) == ("due", 0, None)


async def test_an_edit_during_a_refused_run_is_tried(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    run = await started(queue)
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert await queue.settle(run, DeadLettered(FAILURE)) == "due"


async def test_ten_thousand_backlog_keys_do_not_delay_a_person(queue: Queue) -> None:
    await queue.enqueue(
        *(Enqueue(f"jetbuilt/project/{number}", "opportunity", lane="backlog") for number in range(1, 10_001))
    )
    await claimed(queue, 8)
    await queue.enqueue(Enqueue("jetbuilt/project/77777", "opportunity", lane="interactive"))
    [(key, *_)] = await claimed(queue, 1)
    assert key == "jetbuilt/project/77777"
    counts = await queue.counts()
    assert (counts.due, counts.dispatched) == (9_992, 9)


async def test_the_backlog_gets_every_fourth_slot_and_does_not_starve(queue: Queue) -> None:
    await queue.enqueue(*(Enqueue(f"jetbuilt/project/{number}", "opportunity") for number in range(1, 101)))
    await queue.enqueue(
        *(Enqueue(f"jetbuilt/project/{number}", "opportunity", lane="backlog") for number in range(101, 201))
    )
    claims = [await claimed(queue, 1) for _ in range(40)]
    backlog = [key for [(key, *_)] in claims if int(key.rsplit("/", 1)[1]) > 100]
    assert len(backlog) == 10


async def test_requeue_puts_dead_and_waiting_keys_first(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    await queue.settle(await started(queue), DeadLettered(FAILURE))
    await queue.enqueue(Enqueue("jetbuilt/project/2", "opportunity"))
    await queue.settle(await started(queue, "jetbuilt/project/2"), Deferred(3600, FAILURE))
    assert await queue.requeue(KEY, "jetbuilt/project/2", "jetbuilt/project/3") == 2
    jobs = await queue.jobs(state="due")
    assert {(job.key, job.lane, job.mode, job.attempts) for job in jobs} == {
        (KEY, "interactive", "force", 0),
        ("jetbuilt/project/2", "interactive", "force", 0),
    }


async def test_an_archived_key_is_forgotten_until_it_changes(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity", version="1"))
    await queue.settle(await started(queue), DeadLettered(FAILURE))
    assert await queue.archive(KEY) == 1
    assert await queue.job(KEY) is None
    assert await queue.enqueue(Enqueue(KEY, "opportunity", version="1")) == 0
    assert await queue.enqueue(Enqueue(KEY, "opportunity", version="2")) == 1


async def test_a_held_key_does_not_run_until_released(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert await queue.hold(KEY) == 1
    assert await queue.hold(KEY) == 0
    await queue.enqueue(Enqueue(KEY, "opportunity", lane="interactive"))
    assert await claimed(queue, 1) == []
    assert await state_of(queue) == "held"
    assert await queue.release(KEY) == 1
    assert (await started(queue)).generation == 2


async def test_holding_a_delivered_key_makes_its_delivery_stale(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    [(_, fencing_token, *_)] = await claimed(queue, 1)
    await queue.hold(KEY)
    assert await queue.start(KEY, fencing_token) is None
    assert (await queue.counts()).held == 1


async def test_holding_a_running_key_lets_it_end_and_then_holds_it(queue: Queue) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    run = await started(queue)
    await queue.hold(KEY)
    assert await queue.extend(run) is True
    assert await queue.settle(run, Succeeded()) == "held"
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    assert await claimed(queue, 1) == []
    await queue.release(KEY)
    assert await queue.settle(await started(queue), Succeeded()) == "gone"


async def test_a_key_can_be_held_before_it_is_ever_enqueued(queue: Queue) -> None:
    assert await queue.hold(KEY) == 1
    assert await queue.release(KEY) == 1
    assert await queue.job(KEY) is None


async def test_fencing_tokens_go_on_rising_after_redis_was_wiped(
    queue: Queue, redis: Redis, namespace: str
) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    before = await started(queue)
    await redis.delete(*[name async for name in redis.scan_iter(f"{namespace}:*")])
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    after = await started(queue)
    assert after.fencing_token > before.fencing_token
    assert await queue.extend(before) is False
    assert await queue.settle(before, Succeeded()) is None


async def test_counts_say_how_old_the_oldest_due_key_is(queue: Queue) -> None:
    empty = await queue.counts()
    assert (empty.oldest_due_age_ms, empty.next_due_ms, empty.active) == (0, None, 0)
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    await asyncio.sleep(0.05)
    counts = await queue.counts()
    assert 50 <= counts.oldest_due_age_ms < 1000
    assert counts.active == 1


async def test_a_full_sync_leaves_dead_and_archived_jobs_alone(queue: Queue) -> None:
    await queue.enqueue(Enqueue(key=KEY, flow="opportunity"))
    assert await queue.settle(await started(queue), DeadLettered(FAILURE)) == "dead"

    assert await queue.enqueue(Enqueue(key=KEY, flow="opportunity", lane="backlog")) == 0
    await queue.archive(KEY)
    assert await queue.enqueue(Enqueue(key=KEY, flow="opportunity", lane="backlog")) == 0
    assert await queue.enqueue(Enqueue(key=KEY, flow="opportunity", version="edited")) == 1
    assert [job.key for job in await queue.jobs(state="due")] == [KEY]


async def test_what_a_killed_command_held_is_released(queue: Queue, redis: Redis, namespace: str) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    await queue._hold([namespace], [30, KEY])
    assert [job.state for job in await queue.jobs()] == ["held"]
    await until_due(queue)
    assert await queue.reclaim() == 0
    assert await redis.zcard(f"{namespace}:pauses") == 0


async def until_due(queue: Queue) -> None:
    async with asyncio.timeout(5):
        while [job.state for job in await queue.jobs()] != ["due"]:
            await queue.reclaim()
            await asyncio.sleep(0.01)


async def test_a_pause_that_ended_well_leaves_nothing_behind(
    queue: Queue, redis: Redis, namespace: str
) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    async with queue.paused(KEY):
        assert [job.state for job in await queue.jobs()] == ["held"]
    assert [job.state for job in await queue.jobs()] == ["due"]
    assert await redis.zcard(f"{namespace}:pauses") == 0
