"""The shared limiter on a real Redis: exact over processes, fair between lanes, nothing lost by cancellation."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from cwbridge import errors, redis
from cwbridge.limits import lane
from cwbridge.limits.answer import Full, Held
from cwbridge.limits.lane import Lane
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.priority import Priority
from cwbridge.limits.rate import Rate
from cwbridge.limits.shared import SharedLimit
from cwbridge.limits.usage import usage
from cwbridge.redis import Redis


def limiter(
    client: Redis | None, namespace: str, rate: str, *, concurrency: int = 6, margin: float = 0.02
) -> Limiter:
    return Limiter(
        client,
        namespace=namespace,
        system="test",
        rate=Rate.parse(rate),
        concurrency=concurrency,
        margin=margin,
    )


def refused_by_an_exact_window(arrivals: list[float], *, calls: int, seconds: float) -> int:
    """What a server that counts every window exactly would refuse; refused calls do not count."""
    window: deque[float] = deque()
    refused = 0
    for arrival in sorted(arrivals):
        while window and window[0] <= arrival - seconds:
            window.popleft()
        if len(window) >= calls:
            refused += 1
        else:
            window.append(arrival)
    return refused


async def arrivals_of_two_processes(redis_url: str, namespace: str) -> list[list[float]]:
    """When the calls of each process arrive; both begin together once both are ready."""
    script = Path(__file__).with_name("limiter_process.py")
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(script), redis_url, namespace, seed, stdin=pipe, stdout=pipe
        )
        for seed in ("1", "2")
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    begin = str(time.time() + 0.1).encode()
    answers = await asyncio.gather(*(process.communicate(begin) for process in processes))
    return [json.loads(output) for output, _ in answers]


async def test_two_processes_together_use_the_limit_and_never_exceed_it(
    redis_url: str, namespace: str
) -> None:
    found = []
    for attempt in range(3):
        each = await arrivals_of_two_processes(redis_url, f"{namespace}{attempt}")
        arrivals = sorted(arrival for own in each for arrival in own)
        assert refused_by_an_exact_window(arrivals, calls=20, seconds=1.0) == 0
        # Each turn comes back once per window and margin (1.05 s); a whole number of them is measured.
        used = sum(1 for arrival in arrivals if arrival < arrivals[0] + 2 * 1.05)
        found.append((used, [len(own) for own in each]))
        # A starved machine can only lower the use, so the best of three counts.
        if used >= 0.97 * 40 and all(len(own) >= 0.25 * len(arrivals) for own in each):
            return
    pytest.fail(f"turns used of 40, and calls by process: {found}")


async def test_the_judge_of_the_test_above_can_say_no() -> None:
    assert refused_by_an_exact_window([0.0, 0.1, 0.2, 0.95], calls=3, seconds=1.0) == 1


async def test_turns_are_a_window_apart(redis: Redis, namespace: str) -> None:
    shared = limiter(redis, namespace, "2/200ms")
    sent = []
    for _ in range(5):
        async with shared.slot():
            sent.append(time.monotonic())
    # The margin covers what a call may lag behind its turn unnoticed; Redis counts whole milliseconds.
    assert all(scheduled - earlier >= 0.199 for earlier, scheduled in pairwise(sent[::2]))
    assert sent[-1] - sent[0] < 1


async def test_the_concurrency_limit_is_shared(redis: Redis, namespace: str) -> None:
    under_way, limit = 0, 0

    async def call(shared: Limiter) -> None:
        nonlocal under_way, limit
        async with shared.slot():
            under_way += 1
            limit = max(limit, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1

    one, other = (limiter(redis, namespace, "10000/s", concurrency=3) for _ in range(2))
    await asyncio.gather(*(call(shared) for shared in (one, other) for _ in range(10)))
    assert limit == 3


async def test_a_slot_given_back_goes_to_the_process_that_waits_longest(redis: Redis, namespace: str) -> None:
    for attempt in range(50):
        greedy, modest = (shared_limit(redis, f"{namespace}:{attempt}", concurrency=1) for _ in range(2))
        held = await granted(greedy)
        began = time.monotonic()
        assert isinstance(await modest.ask(Priority.SMALL, 1), Full)
        await end(greedy, held)
        answer = await greedy.ask(Priority.SMALL, 1)
        if time.monotonic() - began > 0.3:
            # Who is silent for long is not waited for, and this machine was.
            continue
        assert isinstance(answer, Full)
        held = await granted(modest)
        await end(modest, held)
        await granted(greedy)


async def test_a_process_within_its_share_need_not_line_up(redis: Redis, namespace: str) -> None:
    one, other = (shared_limit(redis, namespace, concurrency=4) for _ in range(2))
    held = [await granted(one), await granted(one), await granted(other), await granted(other)]
    assert isinstance(await other.ask(Priority.SMALL, 1), Full)
    await end(one, held[0])
    await granted(one)


async def test_no_process_waits_for_one_that_fell_silent(redis: Redis, namespace: str) -> None:
    one, silent = (shared_limit(redis, namespace, concurrency=1) for _ in range(2))
    held = await granted(one)
    assert isinstance(await silent.ask(Priority.SMALL, 1), Full)
    await end(one, held)
    await asyncio.sleep(0.45)
    await granted(one)


async def test_slots_of_a_killed_process_lapse(redis: Redis, namespace: str) -> None:
    shared = limiter(redis, namespace, "10000/s", concurrency=1)
    slots = f"{namespace}:limit:test:slots"
    now, _ = await redis.time()
    await redis.zadd(slots, {"a process that was killed": now * 1000 + 1300})
    async with asyncio.timeout(3), shared.slot():
        [(_, lapse)] = await redis.zrange(slots, 0, -1, withscores=True)
    after, _ = await redis.time()
    assert lapse - after * 1000 > 7000


async def test_a_long_call_keeps_its_slot(
    redis: Redis, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cwbridge.limits.shared._SLOT_MS", 150)
    shared = limiter(redis, namespace, "10000/s", concurrency=1)
    other = limiter(redis, namespace, "10000/s", concurrency=1)
    async with shared.slot():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), other.slot():
                pass


async def test_a_cancelled_waiter_gives_its_slot_and_turn_back(redis: Redis, namespace: str) -> None:
    shared = limiter(redis, namespace, "1/100ms", concurrency=3)
    async with shared.slot():
        began = time.monotonic()
    waiting = [asyncio.create_task(shared.acquire()) for _ in range(2)]
    log, slots = (f"{namespace}:limit:test:{part}" for part in ("log", "slots"))
    async with asyncio.timeout(2):
        while await redis.zcard(log) < 3:  # noqa: ASYNC110 - it happens in Redis
            await asyncio.sleep(0.005)
    for waiter in waiting:
        waiter.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await shared.close()
    assert (await redis.zcard(log), await redis.zcard(slots)) == (1, 0)
    async with shared.slot():
        assert time.monotonic() - began < 0.25


async def test_waiters_cancelled_at_any_moment_leave_nothing_taken(redis: Redis, namespace: str) -> None:
    shared = limiter(redis, namespace, "10000/s", concurrency=2)

    async def call(stay: float) -> None:
        async with shared.slot():
            await asyncio.sleep(stay)

    for moment in range(40):
        tasks = [asyncio.create_task(call(0.002)) for _ in range(5)]
        await asyncio.sleep(moment / 20_000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(2):
        while await redis.zcard(f"{namespace}:limit:test:slots"):  # noqa: ASYNC110 - it happens in Redis
            await asyncio.sleep(0.005)
        await call(0)


async def test_an_interactive_call_waits_behind_reserved_turns_only(redis: Redis, namespace: str) -> None:
    shared = limiter(redis, namespace, "1/40ms", concurrency=3, margin=0.0)
    order: list[Lane] = []

    async def call(own_lane: Lane) -> None:
        lane.CURRENT.set(own_lane)
        async with shared.slot():
            order.append(own_lane)

    backlog = [asyncio.create_task(call("backlog")) for _ in range(20)]
    fresh = [asyncio.create_task(call("fresh")) for _ in range(2)]
    async with asyncio.timeout(2):
        while not order:  # noqa: ASYNC110 - it happens in the tasks
            await asyncio.sleep(0.001)
    await call("interactive")
    assert order.index("interactive") <= 4
    await asyncio.gather(*backlog, *fresh)
    assert order.index("fresh") <= 3


async def test_a_throttle_holds_every_process(redis: Redis, redis_url: str, namespace: str) -> None:
    client = redis_of(redis_url)
    one, other = limiter(redis, namespace, "100/s"), limiter(client, namespace, "100/s")
    async with other.slot():
        pass
    began = time.monotonic()
    await one.hold(0.3, reason="throttled")
    async with other.slot():
        assert 0.29 <= time.monotonic() - began < 0.8
    await client.aclose()


async def test_who_waits_for_its_turn_when_a_hold_comes_lines_up_again(redis: Redis, namespace: str) -> None:
    shared = limiter(redis, namespace, "1/150ms", margin=0.0)
    async with shared.slot():
        began = time.monotonic()
    waiting = asyncio.create_task(shared.acquire())
    await asyncio.sleep(0.05)
    await shared.hold(0.4, reason="throttled")
    shared.release(await waiting)
    assert time.monotonic() - began >= 0.44
    await shared.close()
    assert await redis.zcard(f"{namespace}:limit:test:slots") == 0


async def test_a_long_throttle_is_a_wait_of_the_job(redis: Redis, namespace: str) -> None:
    shared = limiter(redis, namespace, "100/s")
    await shared.hold(90, reason="throttled")
    with pytest.raises(errors.Throttled) as caught:
        await asyncio.wait_for(shared.acquire(), 1)
    assert 89 < caught.value.seconds <= 90
    await shared.clear_hold()
    async with shared.slot():
        pass


@pytest.mark.parametrize("rate", ["100/s", "off"])
async def test_refused_credentials_put_the_system_on_hold_at_once(
    redis: Redis, namespace: str, rate: str
) -> None:
    shared = limiter(redis, namespace, rate)
    await shared.hold(5, reason="credentials_refused")
    with pytest.raises(errors.SystemOnHold):
        await asyncio.wait_for(shared.acquire(), 1)
    await shared.clear_hold()
    async with shared.slot():
        pass


async def test_a_throttle_cuts_the_limit_once_per_window_and_it_grows_back(
    redis: Redis, namespace: str
) -> None:
    shared = limiter(redis, namespace, "20/300ms", concurrency=64, margin=0.0)
    state = f"{namespace}:limit:test:state"
    for _ in range(3):
        await shared.hold(0.001, reason="throttled")
    assert await field(redis, state, "cut_to") == 14

    async def calls_at_once() -> int:
        await redis.delete(f"{namespace}:limit:test:log")
        got = [asyncio.create_task(shared.acquire()) for _ in range(20)]
        await asyncio.sleep(0.15)
        count = sum(task.done() for task in got)
        for call in await asyncio.gather(*got):
            shared.release(call)
        return count

    await asyncio.sleep(0.005)
    assert await calls_at_once() == 14
    cut_at = await field(redis, state, "cut_at") or 0
    await set_field(redis, state, "cut_at", cut_at - 150_000)
    assert await calls_at_once() == 17
    await set_field(redis, state, "cut_at", cut_at - 300_000)
    assert await calls_at_once() == 20
    assert await field(redis, state, "cut_to") is None


async def test_without_a_rate_nothing_is_asked_of_redis(namespace: str) -> None:
    local = limiter(None, namespace, "off", concurrency=2)
    under_way, limit = 0, 0

    async def call() -> None:
        nonlocal under_way, limit
        async with local.slot():
            under_way += 1
            limit = max(limit, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert limit == 2
    with pytest.raises(ValueError, match="Redis"):
        limiter(None, namespace, "1/s")


async def test_waiters_hear_that_redis_is_away(namespace: str) -> None:
    away = redis_of("unix:///nonexistent/redis.sock")
    shared = limiter(away, namespace, "1/s")
    got = await asyncio.gather(*(shared.acquire() for _ in range(3)), return_exceptions=True)
    assert {type(error).__name__ for error in got} == {"ConnectionError"}
    await away.aclose()


async def test_waits_are_measured(redis: Redis, namespace: str) -> None:
    def waits() -> float:
        labels = {"system": "test", "lane": "fresh"}
        return REGISTRY.get_sample_value("cwbridge_limiter_wait_seconds_count", labels) or 0

    before = waits()
    async with limiter(redis, namespace, "10/s").slot():
        assert waits() == before + 1
        assert REGISTRY.get_sample_value("cwbridge_limiter_in_flight_requests", {"system": "test"}) == 1
    assert REGISTRY.get_sample_value("cwbridge_limiter_in_flight_requests", {"system": "test"}) == 0


async def test_the_use_of_a_limit_is_shown_with_the_cut_of_a_throttle(redis: Redis, namespace: str) -> None:
    rate = Rate.parse("10/5s")
    shared = limiter(redis, namespace, str(rate))
    async with shared.slot():
        found = await usage(redis, namespace=namespace, system="test", rate=rate)
    assert found is not None
    assert (found.allowed, found.reduced, found.used, found.in_flight, found.on_hold_ms) == (
        10,
        False,
        1,
        1,
        0,
    )
    await shared.hold(0.5, reason="throttled")
    await shared.close()
    found = await usage(redis, namespace=namespace, system="test", rate=rate)
    assert found is not None
    assert (found.allowed, found.reduced, found.used, found.in_flight, found.on_hold_for) == (
        7,
        True,
        1,
        0,
        "throttled",
    )
    assert await usage(redis, namespace=namespace, system="test", rate=Rate(0)) is None


def redis_of(url: str) -> Redis:
    return redis.connect(url, patient=False)


async def field(client: Redis, name: str, field_name: str) -> int | None:
    async with client.pipeline() as pipeline:
        pipeline.hget(name, field_name)
        [value] = await pipeline.execute()
    return None if value is None else int(value)


async def set_field(client: Redis, name: str, field_name: str, value: int) -> None:
    async with client.pipeline() as pipeline:
        pipeline.hset(name, field_name, str(value))
        await pipeline.execute()


def shared_limit(client: Redis, namespace: str, *, concurrency: int) -> SharedLimit:
    rate = Rate.parse("10000/s")
    return SharedLimit(
        client, namespace=namespace, system="test", rate=rate, concurrency=concurrency, margin=0.0
    )


async def granted(limit: SharedLimit) -> str:
    answer = await limit.ask(Priority.SMALL, 1)
    assert not isinstance(answer, Full | Held)
    (one,) = answer
    return one.call


async def end(limit: SharedLimit, call: str) -> None:
    limit.end(call)
    await limit.close()
