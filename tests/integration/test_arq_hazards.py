"""What arq does to those who trust it, done to us: each test stages one hazard that no other test meets.

All twenty, and the tests that meet the others, are in docs/guarantees.md; the last tests here hold that page to the code.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import pickle
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import arq.constants
import msgspec
import pytest

from cwbridge import errors
from cwbridge.connectors import write_guard
from cwbridge.queue import arq_port, arq_worker, dispatcher
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Runner
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.fault import programme
from tests.support.jobs import claimed
from tests.support.serving import serving
from tests.support.until import until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
KEY = "jetbuilt/project/1"
SETTINGS = QueueSettings(
    concurrency=4,
    debounce=timedelta(0),
    lease_duration=timedelta(seconds=1),
    max_attempts=3,
    backoff_base=timedelta(0),
    shutdown_timeout=timedelta(seconds=1),
)


class Handling:
    """Notes its runs; `failure` is raised by every run."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.runs: list[Run] = []
        self._failure = failure

    @property
    def seen(self) -> list[str]:
        return [run.key for run in self.runs]

    async def __call__(self, run: Run) -> None:
        self.runs.append(run)
        if self._failure is not None:
            raise self._failure


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=SETTINGS)


@contextlib.asynccontextmanager
async def delivered(redis: Redis, queue: Queue, handling: Handling) -> AsyncIterator[str]:
    """A job that lies in arq and has not begun; gives its arq id. Once the body has ended the worker goes on until it is settled.

    It is as after a claim whose answer was lost: arq finds it by its own poll.
    """
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    service = arq_port.Service(redis, queue, Runner(queue, {"opportunity": handling}))
    assert len(await claimed(queue, 1, arq_queue=service.arq_queue)) == 1
    prefix = arq.constants.job_key_prefix
    name = await until(lambda: first(redis, f"{prefix}{queue.namespace}:*"), what="the job lies in arq")
    yield name.removeprefix(prefix)
    dispatching = asyncio.create_task(service.dispatch())
    delivering = asyncio.create_task(service.deliver())
    try:
        await until(lambda: gone(queue), what="the job is settled", within=5)
    finally:
        for loop in (dispatching, delivering):
            loop.cancel()
        await asyncio.gather(dispatching, delivering, return_exceptions=True)
        await service.shut_down(1)


async def names(redis: Redis, pattern: str) -> list[str]:
    return [name.decode() async for name in redis.scan_iter(pattern)]


async def first(redis: Redis, pattern: str) -> str:
    return next(iter(await names(redis, pattern)), "")


def fencing_token_in(arq_id: str) -> int:
    return int(arq_id.rpartition("#")[2])


async def gone(queue: Queue) -> bool:
    return await queue.job(KEY) is None


async def dead(queue: Queue) -> bool:
    job = await queue.job(KEY)
    return job is not None and job.state == "dead"


async def test_no_result_is_kept_that_could_swallow_the_next_edit(queue: Queue, redis: Redis) -> None:
    handling = Handling()
    async with serving(redis, queue, handling):
        for edit in range(1, 4):
            await queue.enqueue(Enqueue(KEY, "opportunity", version=str(edit)))
            await until(lambda: gone(queue), what="the edit is settled")
            assert handling.seen == [KEY] * edit
            assert await names(redis, f"{arq.constants.result_key_prefix}{queue.namespace}:*") == []


async def test_a_result_of_arq_under_the_id_of_an_earlier_delivery_stops_nothing(
    queue: Queue, redis: Redis
) -> None:
    handling = Handling()
    async with delivered(redis, queue, handling) as earlier:
        pass
    result = f"{arq.constants.result_key_prefix}{earlier}"
    await redis.set(result, b"kept for an hour", px=5_000)
    async with delivered(redis, queue, handling) as scheduled:
        assert scheduled != earlier
    assert handling.seen == [KEY, KEY]
    await redis.delete(result)


@pytest.mark.parametrize("failure", [ZeroDivisionError("by nothing"), errors.Unreachable("no route")])
async def test_a_dead_letter_keeps_its_error_and_never_expires(
    queue: Queue, redis: Redis, namespace: str, failure: Exception
) -> None:
    handling = Handling(failure)
    async with serving(redis, queue, handling):
        await queue.enqueue(Enqueue(KEY, "opportunity"))
        await until(lambda: dead(queue), what="the job is dead")
    job = await queue.job(KEY)
    assert job is not None
    assert job.failure is not None
    assert (job.failure.error, len(handling.seen)) == (
        type(failure).__name__,
        1 if isinstance(failure, ZeroDivisionError) else SETTINGS.max_attempts,
    )
    # Redis says -1 for a key that stays until it is deleted.
    assert [await redis.ttl(f"{namespace}:{part}") for part in (f"job:{KEY}", "dead")] == [-1, -1]


async def test_a_body_that_expired_in_arq_is_delivered_anew_at_no_cost(queue: Queue, redis: Redis) -> None:
    handling = Handling()
    async with delivered(redis, queue, handling) as arq_id:
        assert await redis.delete(f"{arq.constants.job_key_prefix}{arq_id}") == 1
    assert handling.seen == [KEY]
    [run] = handling.runs
    assert run.fencing_token > fencing_token_in(arq_id)
    assert (run.attempts, run.crashes, run.waits) == (0, 0, 0)


async def test_a_pickle_in_redis_is_not_executed_and_its_job_is_delivered_anew(
    queue: Queue, redis: Redis, tmp_path: Path
) -> None:
    trace = tmp_path / "executed"

    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (trace,)

    handling = Handling()
    async with delivered(redis, queue, handling) as arq_id:
        await redis.set(f"{arq.constants.job_key_prefix}{arq_id}", pickle.dumps(Bomb()))
    assert (handling.seen, trace.exists()) == ([KEY], False)


async def test_an_abort_left_in_arq_stops_nothing(queue: Queue, redis: Redis) -> None:
    handling = Handling()
    async with delivered(redis, queue, handling) as arq_id:
        await redis.zadd(arq.constants.abort_jobs_ss, {arq_id: int(time.time() * 1000)})
    # It is that very delivery which ran, not another that came in its place.
    assert [run.fencing_token for run in handling.runs] == [fencing_token_in(arq_id)]
    await redis.zrem(arq.constants.abort_jobs_ss, arq_id)


async def test_a_job_of_a_silent_worker_is_picked_up_within_its_lease_and_two_seconds(
    queue: Queue, redis: Redis
) -> None:
    await queue.enqueue(Enqueue(KEY, "opportunity"))
    [(key, fencing_token, *_)] = await claimed(queue, 1, arq_queue="of a killed worker")
    killed = await queue.start(key, fencing_token)
    assert killed is not None
    began = time.monotonic()
    handling = Handling()
    async with serving(redis, queue, handling):
        await until(lambda: handling.seen, what="it is picked up")
        assert time.monotonic() - began <= SETTINGS.lease_duration.total_seconds() + 2
    # The rest is arithmetic: arq would leave it for the longest time-out, we for the lease and one look.
    assert QueueSettings().lease_duration.total_seconds() + dispatcher._RECLAIM_SECONDS < 30


async def test_a_run_whose_event_loop_was_blocked_beyond_its_lease_may_not_write(queue: Queue) -> None:
    verdicts: list[str] = []

    async def blocking(_run: Run) -> None:
        write_guard.check()
        time.sleep(SETTINGS.lease_duration.total_seconds() + 0.05)  # noqa: ASYNC251 - the hazard itself
        try:
            write_guard.check()
        except errors.LeaseLost:
            verdicts.append("refused")
            raise

    await queue.enqueue(Enqueue(KEY, "opportunity"))
    [(key, fencing_token, *_)] = await claimed(queue, 1)
    await Runner(queue, {"opportunity": blocking}).run(key, fencing_token)
    assert verdicts == ["refused"]
    assert await queue.job(KEY) is not None


async def test_arq_is_given_neither_schedules_nor_hooks_nor_aborts_nor_tries(
    redis: Redis, namespace: str
) -> None:
    async def nothing(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
        return

    client = arq_worker.redis_for_arq(redis, arq_queue=f"{namespace}:arq:test")
    worker = arq_worker.Worker(client, nothing, slots=1, arq_queue=f"{namespace}:arq:test")
    hooks = (worker.on_startup, worker.on_shutdown, worker.on_job_start, worker.on_job_end)
    assert (worker.cron_jobs, hooks, worker.after_job_end) == ([], (None,) * 4, None)
    assert (worker.allow_abort_jobs, worker.keep_result_s, worker.keep_result_forever) == (False, 0, False)
    # Ours are the leases and the attempts; arq's must never be the first to end a run.
    assert worker.job_timeout_s > 86_400
    assert worker.max_tries > 1_000 * QueueSettings().max_attempts


async def test_each_worker_has_its_own_health_key_and_takes_only_its_own_away(
    queue: Queue, redis: Redis
) -> None:
    async def health(count: int) -> set[str]:
        found = set(await names(redis, f"{queue.namespace}:arq:*:health"))
        return found if len(found) == count else set()

    async with serving(redis, queue, Handling()):
        (stays,) = await until(lambda: health(1), what="the first is seen")
        async with serving(redis, queue, Handling()):
            both = await until(lambda: health(2), what="the second is seen")
        assert stays in both
        assert await health(1) == {stays}


async def test_workers_do_not_meet_at_the_head_of_one_queue(queue: Queue, redis: Redis) -> None:
    await queue.enqueue(
        *(Enqueue(f"jetbuilt/project/{number}", "opportunity", lane="interactive") for number in range(200))
    )
    services = [arq_port.Service(redis, queue, Runner(queue, {})) for _ in range(6)]
    await asyncio.gather(
        *(claimed(queue, SETTINGS.concurrency, arq_queue=service.arq_queue) for service in services)
    )

    async def queues() -> list[set[bytes]]:
        found = [
            set(await redis.zrange(name, 0, -1)) for name in await names(redis, f"{queue.namespace}:arq:*")
        ]
        return found if sum(map(len, found)) == len(services) * SETTINGS.concurrency else []

    shares = await queues()
    for service in services:
        await service.shut_down(0)
    assert [len(share) for share in shares] == [SETTINGS.concurrency] * len(services)
    assert len(set.union(*shares)) == len(services) * SETTINGS.concurrency
    assert (await queue.counts()).due == 200


async def test_a_delivery_starts_when_it_is_claimed_and_not_at_the_next_poll_of_arq(
    queue: Queue, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arq_worker, "_POLL_SECONDS", 3600.0)
    handling = Handling()
    async with serving(redis, queue, handling):
        for edit in range(1, 4):
            await queue.enqueue(Enqueue(KEY, "opportunity", version=str(edit)))
            await until(lambda: gone(queue), what="the edit is settled")
    assert handling.seen == [KEY] * 3


async def test_nothing_of_arq_is_left_of_jobs_that_have_ended(queue: Queue, redis: Redis) -> None:
    async def left() -> list[str]:
        queues = [name for name in await names(redis, f"{queue.namespace}:arq:*") if ":health" not in name]
        return queues + await names(redis, f"arq:*:{queue.namespace}:*")

    async def forgotten() -> bool:
        return handling.seen != [] and not (await queue.counts()).active and not await left()

    handling = Handling()
    await queue.enqueue(*(Enqueue(f"jetbuilt/project/{number}", "opportunity") for number in range(1, 21)))
    async with serving(redis, queue, handling):
        await until(forgotten, what="all have ended, and arq has forgotten them")
    assert len(handling.seen) == 20


async def test_a_claim_delivers_what_arq_itself_would_enqueue(redis: Redis, queue: Queue) -> None:
    arq_queue = f"{queue.namespace}:arq:test"
    client = arq_worker.redis_for_arq(redis, arq_queue=arq_queue)
    key = 'any "text"/\u00e9'
    await queue.enqueue(Enqueue(key, "opportunity"))
    [delivery] = await claimed(queue, 1, arq_queue=arq_queue)
    [(arq_id, score)] = await redis.zrange(arq_queue, 0, -1, withscores=True)
    body_name = f"{arq.constants.job_key_prefix}{arq_id.decode()}"
    body = arq_worker.decode(await redis.get(body_name))
    assert 0 < await redis.pttl(body_name) <= 24 * 3600 * 1000
    await redis.delete(arq_queue, body_name)

    await client.enqueue_job("run", key, delivery.fencing_token, _job_id=arq_id.decode())
    [(own_id, own_score)] = await redis.zrange(arq_queue, 0, -1, withscores=True)
    own_body = arq_worker.decode(await redis.get(body_name))
    assert own_id == arq_id
    assert 0 <= own_score - score < 60_000
    assert {**body, "et": 0} == {**own_body, "et": 0}
    await redis.delete(arq_queue, body_name)


PLAYED = {scenario.name for scenario in (*programme.SCENARIOS, *programme.SHORT)}


class Named(msgspec.Struct, frozen=True):
    """A test that the page names; `case` when it is one of several with other parameters."""

    path: str
    function: str
    case: str = ""

    @property
    def exists(self) -> bool:
        file = ROOT / self.path
        if not file.is_file():
            return False
        text = file.read_text("utf-8")
        return self.function in _functions(text) and (not self.case or self._has_case(text))

    def _has_case(self, text: str) -> bool:
        return f'"{self.case}"' in text or self.case in PLAYED


def _functions(text: str) -> set[str]:
    nodes = ast.walk(ast.parse(text))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _named(text: str) -> list[Named]:
    found = re.findall(r"(tests/[\w/]+\.py)::(\w+)(?:\[([^\]]+)\])?", text)
    return [Named(path, function, case) for path, function, case in found]


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page, without its head."""
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_test_on_the_page_of_guarantees_exists() -> None:
    named = _named(PAGE.read_text("utf-8"))
    assert len(named) > 60
    assert [test for test in named if not test.exists] == []


def test_a_test_that_does_not_exist_would_be_found() -> None:
    here = "tests/integration/test_arq_hazards.py"
    for text in (
        f"{here}::test_no_such_test",
        "tests/integration/test_no_such_file.py::test_x",
        "tests/fault/test_faults.py::test_nothing_is_lost_doubled_or_stuck[no-such-" + "scenario]",
    ):
        [test] = _named(text)
        assert not test.exists


def test_every_guarantee_names_a_test() -> None:
    rows = _rows("What is guaranteed")
    assert len(rows) > 15
    assert [cells[0] for cells in rows if len(cells) != 4 or not _named(cells[3])] == []


def test_every_hazard_of_arq_has_a_defence_with_a_test_or_a_reason() -> None:
    rows = _rows("Twenty hazards of arq")
    assert [cells[0] for cells in rows] == [str(number) for number in range(1, 21)]
    for number, _hazard, defence, shown in rows:
        assert len(defence) > 20, number
        assert _named(shown) or shown.startswith("does not apply: "), number
