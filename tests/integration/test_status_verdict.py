"""The verdict of `cwbridge status`: a word or two that say whether to look closer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cwbridge.queue import outcome
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis, reply
from tests.support.jobs import AUDIT, RACK, Command, Store, key

_LONG_MS = 60_000
Verdict = Callable[[], str]


@pytest.fixture
def verdict(cwbridge: Command) -> Verdict:
    return lambda: str(cwbridge("status", "--json").json["verdict"])


def enqueue(store: Store, number: int) -> None:
    async def act(_: Redis, queue: Queue) -> None:
        await queue.enqueue(Enqueue(key(number), "opportunity"))

    store.do(act)


def age(store: Store, name: str, number: int) -> None:
    """As if a minute had passed for this key in that sorted set."""

    async def act(redis: Redis, _: Queue) -> None:
        await reply(redis.zincrby(f"{store.namespace}:{name}", -_LONG_MS, key(number)))

    store.do(act)


def test_due_jobs_without_a_worker_are_not_called_working(
    cwbridge: Command, store: Store, verdict: Verdict
) -> None:
    enqueue(store, 1)
    assert verdict() == "working"
    age(store, "due:opportunity:fresh", 1)
    assert verdict() == "no worker"
    assert "Start `cwbridge run`" in cwbridge("status").out
    store.run_of(1)
    enqueue(store, 2)
    age(store, "due:opportunity:fresh", 2)
    assert verdict() == "working"


def test_a_run_whose_worker_has_long_been_silent_does_not_count_as_a_worker(
    store: Store, verdict: Verdict
) -> None:
    enqueue(store, 1)
    store.run_of(1)
    assert verdict() == "working"
    age(store, "leases", 1)
    assert verdict() == "no worker"


def test_what_is_held_is_not_called_settled(cwbridge: Command, store: Store, verdict: Verdict) -> None:
    assert verdict() == "settled"
    assert cwbridge("jobs", "hold", key(1)).code == 0
    enqueue(store, 1)
    assert verdict() == "held"
    store.ended({2: AUDIT})
    assert verdict() == "waiting"
    store.ended({3: RACK})
    assert verdict() == "failed jobs"


def test_a_hold_of_what_runs_is_told_once_it_has_ended(
    cwbridge: Command, store: Store, verdict: Verdict
) -> None:
    enqueue(store, 1)
    run = store.run_of(1)
    assert cwbridge("jobs", "hold", key(1)).code == 0
    assert verdict() == "working"

    async def end(_: Redis, queue: Queue) -> None:
        await queue.settle(run, outcome.Succeeded())

    store.do(end)
    assert verdict() == "held"
