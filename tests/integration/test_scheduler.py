"""The scheduler: each slot once, by any producer, and again when its action failed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from cwbridge import clock, errors
from cwbridge.flow import Polled, Schedule
from cwbridge.locks import Locks
from cwbridge.redis import Redis, reply
from producers.pace import EVEN, Pace
from producers.rhythm import Rhythm
from producers.scheduler import _BUSY_SECONDS, Scheduler
from tests.support.until import until

SHORT = timedelta(milliseconds=300)
LONG = timedelta(days=400)
MakeScheduler = Callable[..., Scheduler]


class Action:
    """Counts how often it was done; `failure` is raised while it lasts, `gate` holds it in the middle."""

    def __init__(self) -> None:
        self.begun = self.done = 0
        self.under_way = self.max_at_once = 0
        self.slots: list[int] = []
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def __call__(self) -> None:
        self.begun += 1
        self.under_way += 1
        self.max_at_once = max(self.max_at_once, self.under_way)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.failure is not None:
                raise self.failure
        finally:
            self.under_way -= 1
        self.done += 1


@pytest.fixture
def make(redis: Redis, namespace: str) -> MakeScheduler:
    """A scheduler as one more producers process would have it."""

    def scheduler(*, lasts: float = 15.0) -> Scheduler:
        return Scheduler(redis, Locks(redis, namespace=namespace, lasts=lasts), namespace=namespace)

    return scheduler


@asynccontextmanager
async def running(scheduler: Scheduler, *schedules: Schedule) -> AsyncIterator[None]:
    task = asyncio.create_task(scheduler.run(schedules))
    try:
        yield
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)


async def slot_done(redis: Redis, namespace: str) -> int | None:
    stored = await redis.get(f"{namespace}:schedule:poll")
    return None if stored is None else int(stored)


async def test_a_slot_is_done_once(make: MakeScheduler) -> None:
    action, scheduler = Action(), make()
    schedule = Schedule("poll", LONG, action)
    assert await scheduler.run_due(schedule)
    assert not await scheduler.run_due(schedule)
    assert action.done == 1


async def test_several_schedulers_do_one_slot_once(make: MakeScheduler) -> None:
    action = Action()
    schedule = Schedule("poll", LONG, action)
    did = await asyncio.gather(*(make().run_due(schedule) for _ in range(8)))
    assert did.count(True) == action.done == action.begun == 1


async def test_two_schedulers_share_the_slots_and_never_meet(
    make: MakeScheduler, redis: Redis, namespace: str
) -> None:
    action = Action()
    schedule = Schedule("poll", SHORT, action)
    first, second = make(), make()
    async with running(first, schedule), running(second, schedule):
        begun = await until(lambda: slot_done(redis, namespace), what="the first slot is done")
        await until(lambda: action.done >= 5, what="five slots are done")
        ended = await slot_done(redis, namespace)
    assert ended is not None
    assert action.max_at_once == 1
    # One more may have been finished between the last look and the end.
    assert action.done <= (ended - begun) / 300 + 3


async def test_different_schedules_are_done_side_by_side(make: MakeScheduler) -> None:
    slow, quick = Action(), Action()
    slow.gate = asyncio.Event()
    async with running(make(), Schedule("slow", LONG, slow), Schedule("quick", SHORT, quick)):
        await until(lambda: slow.begun, what="the slow one is under way")
        await until(lambda: quick.done >= 2, what="the quick one was done twice")
        assert slow.done == 0


@pytest.mark.parametrize(
    "failure",
    [errors.Unreachable("Jetbuilt cannot be reached"), OSError("no route"), ValueError("a mistake")],
)
async def test_a_failing_action_leaves_its_slot_open(make: MakeScheduler, failure: Exception) -> None:
    action, scheduler = Action(), make()
    schedule = Schedule("poll", LONG, action)
    action.failure = failure
    with pytest.raises(type(failure)):
        await scheduler.run_due(schedule)
    action.failure = None
    assert await make().run_due(schedule)
    assert (action.begun, action.done) == (2, 1)


async def test_a_failing_action_is_tried_again_and_stops_no_other(make: MakeScheduler) -> None:
    failing, other = Action(), Action()
    failing.failure = errors.Unreachable("Jetbuilt cannot be reached")
    async with running(make(), Schedule("failing", SHORT, failing), Schedule("other", SHORT, other)):
        await until(lambda: failing.begun >= 2, what="it was tried again")
        await until(lambda: other.done >= 3, what="the other one goes on")
        failing.failure = None
        await until(lambda: failing.done, what="it works again")


async def test_the_slot_of_a_dead_holder_is_taken_over(
    make: MakeScheduler, redis: Redis, namespace: str
) -> None:
    action = Action()
    # What a killed process leaves behind: its lock, which is not renewed, and a slot that is not done.
    await redis.set(f"{namespace}:lock:schedule:poll", "killed", px=600)
    schedule = Schedule("poll", LONG, action)
    assert not await make().run_due(schedule)
    async with running(make(), schedule):
        await until(lambda: action.done, what="the slot is taken over", within=5)
    assert action.done == 1


async def test_a_slot_whose_action_was_cancelled_is_done_by_the_next(make: MakeScheduler) -> None:
    action = Action()
    action.gate = asyncio.Event()
    schedule = Schedule("poll", LONG, action)
    async with running(make(), schedule):
        await until(lambda: action.begun, what="the action is under way")
    action.gate.set()
    assert await make().run_due(schedule)
    assert (action.begun, action.done) == (2, 1)


async def test_starting_late_leaves_out_the_very_first_slot_only(
    make: MakeScheduler, redis: Redis, namespace: str
) -> None:
    action = Action()
    late = Schedule("poll", SHORT, action, starts_late=True)
    assert not await make().run_due(late)
    assert action.begun == 0
    first = await slot_done(redis, namespace)
    assert first is not None
    assert await until(lambda: make().run_due(late), what="the next slot is open", within=5)
    assert action.done == 1


async def commands(redis: Redis) -> int:
    """How many commands the server has carried out, those inside scripts included."""
    return sum(each["calls"] for each in (await redis.info("commandstats")).values())


async def test_a_schedule_sleeps_until_its_next_slot(make: MakeScheduler, redis: Redis) -> None:
    action, other = Action(), Action()
    async with running(
        make(), Schedule("poll", LONG, action), Schedule("clock", timedelta(seconds=1), other)
    ):
        await until(lambda: other.done >= 1, what="the first slots are done")
        before = await commands(redis)
        begun = other.done
        await until(lambda: other.done >= begun + 2, what="two more slots are done")
        used = await commands(redis) - before
    assert action.done == 1
    # Some dozen for each slot of the quick schedule, and none that only looks whether it is time.
    assert used < 3 * 15


async def test_a_slot_that_opens_between_two_looks_is_done_at_once(
    make: MakeScheduler, redis: Redis, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = Action()
    opened: list[float] = []
    looked = Scheduler._slot

    async def opens_after_the_first_look(scheduler: Scheduler, schedule: Schedule) -> Any:
        slot = await looked(scheduler, schedule)
        if opened:
            return slot
        await redis.delete(f"{namespace}:schedule:poll")
        opened.append(time.monotonic())
        return msgspec.structs.replace(slot, next_seconds=0.001)

    await redis.set(f"{namespace}:schedule:poll", clock.now_ms() + 3_600_000)
    monkeypatch.setattr(Scheduler, "_slot", opens_after_the_first_look)
    async with running(make(), Schedule("poll", LONG, action)):
        await until(lambda: action.done == 1, what="the slot is done")
    assert time.monotonic() - opened[0] < _BUSY_SECONDS


async def test_a_late_schedule_is_done_at_once_after_a_wipe(
    make: MakeScheduler, redis: Redis, namespace: str
) -> None:
    action = Action()
    late, scheduler = Schedule("poll", LONG, action, starts_late=True), make()
    assert not await scheduler.run_due(late)
    await redis.delete(f"{namespace}:schedule:poll")
    assert await scheduler.run_due(late)
    assert action.done == 1


async def test_slots_missed_while_no_producer_ran_are_not_caught_up(
    make: MakeScheduler, redis: Redis, namespace: str
) -> None:
    action = Action()
    schedule = Schedule("poll", timedelta(hours=1), action)
    await redis.set(f"{namespace}:schedule:poll", 1)
    assert await make().run_due(schedule)
    assert not await make().run_due(schedule)
    assert action.done == 1


@pytest.mark.parametrize("interval", [timedelta(minutes=1), timedelta(seconds=1)])
async def test_a_schedule_whose_interval_is_changed_goes_on(
    make: MakeScheduler, redis: Redis, namespace: str, interval: timedelta
) -> None:
    action = Action()
    assert await make().run_due(Schedule("poll", timedelta(seconds=15), action))
    assert await redis.get(f"{namespace}:schedule:poll")
    await redis.decrby(f"{namespace}:schedule:poll", 60_000)
    assert await make().run_due(Schedule("poll", interval, action))
    assert action.done == 2


async def test_a_schedule_that_an_older_version_has_run_goes_on(
    make: MakeScheduler, redis: Redis, namespace: str
) -> None:
    """The number of the slot was kept: with a longer interval no later slot had a higher one."""
    action = Action()
    await redis.set(f"{namespace}:schedule:poll", 119_600_000)
    assert await make().run_due(Schedule("poll", timedelta(minutes=1), action))
    assert action.done == 1


async def test_a_schedule_that_follows_people_learns_when_its_polls_find_something(
    redis: Redis, namespace: str
) -> None:
    rhythm = Rhythm(redis, namespace=namespace)
    monday, hour = datetime(2026, 11, 23, 9, 30, tzinfo=UTC), 3600
    for poll in range(60):
        await rhythm.note("poll", monday.timestamp() + poll)
    await rhythm.note("poll", (monday - timedelta(weeks=5)).timestamp())
    later = (monday + timedelta(weeks=1)).timestamp()
    learned = await Rhythm(redis, namespace=namespace).of("poll", later)
    assert learned.hours[9] > 3
    assert learned.hours[20] < 1
    assert await Rhythm(redis, namespace=namespace).of("poll", later + 24 * hour) == EVEN
    assert await Rhythm(redis, namespace=namespace).of("other", later) == EVEN
    assert await reply(redis.hlen(f"{namespace}:edits:poll")) == 1


async def test_only_polls_that_found_something_are_learned_from(
    make: MakeScheduler, redis: Redis, namespace: str
) -> None:
    async def poll(enqueued: int) -> Polled:
        return Polled(seen=5, enqueued=enqueued)

    for enqueued, follows in ((0, True), (3, False), (3, True)):
        await redis.delete(f"{namespace}:schedule:poll")
        schedule = Schedule("poll", SHORT, partial(poll, enqueued), follows_people=follows)
        assert await make().run_due(schedule)
    assert [int(count) for count in await reply(redis.hvals(f"{namespace}:edits:poll"))] == [1]


async def test_producers_that_have_learned_different_paces_keep_each_other_from_nothing(
    make: MakeScheduler, redis: Redis, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a wipe of Redis a producer that started later has learned nothing."""
    action = Action()
    schedule = Schedule("poll", SHORT, action, follows_people=True)
    fast, even = make(), make()
    paces = iter([Pace((4.0,) * 3 + (12 / 21,) * 21), EVEN])
    for scheduler in (fast, even):
        own = next(paces)

        async def of(_name: str, _moment: float, own: Pace = own) -> Pace:
            return own

        monkeypatch.setattr(scheduler._rhythm, "of", of)
    async with running(fast, schedule), running(even, schedule):
        await until(lambda: action.done >= 4, what="four slots are done")
    async with running(even, schedule):
        done = action.done
        await until(lambda: action.done >= done + 2, what="two more slots are done")
