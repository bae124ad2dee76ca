"""Jobs that wait for another key: woken by its success, told of its refusal, and never stuck."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from cwbridge import errors
from cwbridge.queue import outcome
from cwbridge.queue.failure import WAITS_FOR_ITSELF, Failure
from cwbridge.queue.job import Enqueue, Job, Run
from cwbridge.queue.outcome import Deferred, Outcome, Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Runner
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.support.jobs import claimed
from tests.support.serving import serving
from tests.support.until import until

PAYMENT, INVOICE, ACCOUNT = "bss/payment/1", "bss/invoice/1", "bss/account/1"
FLOWS = ("billing",)
SETTINGS = QueueSettings(debounce=timedelta(0), max_attempts=2, backoff_base=timedelta(0))
REFUSED = outcome.of(errors.MappingRefused("No row for Net 30", remedy="Add the row."))


@pytest.fixture
def queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=SETTINGS)


def waits_for(key: str, **given: str) -> Outcome:
    return outcome.of(errors.WaitingFor(key, flow="billing", **given))  # type: ignore[arg-type]


async def started(queue: Queue, key: str) -> Run:
    [(name, fencing_token, *_)] = await claimed(queue, 1, flows=FLOWS)
    assert name == key
    run = await queue.start(name, fencing_token)
    assert run is not None
    return run


async def ended(queue: Queue, key: str, how: Outcome) -> str | None:
    """What becomes of a key whose next run ends so."""
    return await queue.settle(await started(queue, key), how)


async def job_of(queue: Queue, key: str) -> Job:
    job = await queue.job(key)
    assert job is not None
    return job


async def waiting(queue: Queue, key: str, other: str) -> None:
    await queue.enqueue(Enqueue(key, "billing"))
    assert await ended(queue, key, waits_for(other)) == "waiting"


async def test_a_job_waits_for_a_key_that_is_enqueued_for_it_and_is_woken_by_its_success(
    queue: Queue,
) -> None:
    await queue.enqueue(Enqueue(PAYMENT, "billing"))
    assert await ended(queue, PAYMENT, waits_for(INVOICE, lane="backlog", mode="verify")) == "waiting"
    job = await job_of(queue, PAYMENT)
    assert (job.state, job.waits_for, job.attempts, job.waits) == ("waiting", INVOICE, 0, 1)
    assert job.failure is not None
    assert (job.failure.error, job.failure.cause) == ("WaitingFor", f"waiting for {INVOICE}")

    run = await started(queue, INVOICE)
    assert (run.flow, run.lane, run.mode) == ("billing", "backlog", "verify")
    assert await claimed(queue, 1, flows=FLOWS) == []
    assert await queue.settle(run, Succeeded()) == "gone"
    assert (await job_of(queue, PAYMENT)).state == "due"
    assert await ended(queue, PAYMENT, Succeeded()) == "gone"


async def test_every_waiter_is_woken_and_nothing_is_left_of_the_wait(
    queue: Queue, redis: Redis, namespace: str
) -> None:
    payments = [f"bss/payment/{number}" for number in range(1, 6)]
    await queue.enqueue(*(Enqueue(key, "billing") for key in payments))
    runs = [
        await queue.start(key, fencing_token)
        for key, fencing_token, *_ in await claimed(queue, 5, flows=FLOWS)
    ]
    for run in runs:
        assert run is not None
        assert await queue.settle(run, waits_for(INVOICE)) == "waiting"
    assert (await queue.counts()).flows["billing"].waiting_by_error == {"WaitingFor": 5}
    assert await ended(queue, INVOICE, Succeeded()) == "gone"
    assert {job.key for job in await queue.jobs(state="due")} == set(payments)
    assert await redis.exists(f"{namespace}:waiters:{INVOICE}", f"{namespace}:waiting") == 0


async def test_a_key_that_has_a_job_is_not_enqueued_again_but_becomes_no_less_urgent(queue: Queue) -> None:
    await queue.enqueue(Enqueue(INVOICE, "billing", lane="backlog"), Enqueue(PAYMENT, "billing"))
    assert await ended(queue, PAYMENT, waits_for(INVOICE)) == "waiting"
    invoice = await job_of(queue, INVOICE)
    assert (invoice.generation, invoice.lane) == (1, "fresh")


async def test_a_wait_for_a_running_key_does_not_run_it_twice(queue: Queue) -> None:
    await queue.enqueue(Enqueue(INVOICE, "billing"))
    invoice = await started(queue, INVOICE)
    await waiting(queue, PAYMENT, INVOICE)
    assert await queue.settle(invoice, Succeeded()) == "gone"
    assert [job.key for job in await queue.jobs()] == [PAYMENT]


async def test_a_waiter_says_that_its_key_was_refused_and_why_and_goes_on_when_that_succeeds(
    queue: Queue,
) -> None:
    await waiting(queue, PAYMENT, INVOICE)
    assert await ended(queue, INVOICE, REFUSED) == "dead"
    job = await job_of(queue, PAYMENT)
    assert job.state == "waiting"
    assert job.failure is not None
    assert job.failure.cause == f"waiting for {INVOICE}, which was refused: No row for Net 30"
    assert job.failure.remedy.startswith("Add the row.")
    assert [job] == await queue.jobs(state="waiting")

    await queue.enqueue(Enqueue(INVOICE, "billing"))
    assert await ended(queue, INVOICE, Succeeded()) == "gone"
    assert await ended(queue, PAYMENT, Succeeded()) == "gone"


async def test_a_job_that_begins_to_wait_for_a_dead_key_leaves_it_dead(queue: Queue) -> None:
    await queue.enqueue(Enqueue(INVOICE, "billing"))
    assert await ended(queue, INVOICE, REFUSED) == "dead"
    await waiting(queue, PAYMENT, INVOICE)
    assert (await job_of(queue, INVOICE)).state == "dead"
    failure = (await job_of(queue, PAYMENT)).failure
    assert failure is not None
    assert "which was refused" in failure.cause


@pytest.mark.parametrize("length", [1, 2, 3, 7])
async def test_a_circle_ends_with_a_dead_letter_that_names_it(queue: Queue, length: int) -> None:
    keys = [f"bss/account/{number}" for number in range(1, length + 1)]
    for key, other in itertools.pairwise(keys):
        await waiting(queue, key, other)
    if length == 1:
        await queue.enqueue(Enqueue(keys[0], "billing"))
    assert await ended(queue, keys[-1], waits_for(keys[0])) == "dead"
    closed = await job_of(queue, keys[-1])
    assert closed.failure is not None
    assert closed.failure.error == WAITS_FOR_ITSELF
    assert closed.failure.cause == f"It waits for itself: {' -> '.join([keys[-1], *keys])}"
    assert (await queue.counters()).dead_letters == {("billing", WAITS_FOR_ITSELF): 1}
    # The others wait for it, and go on when it is mended.
    assert {(await job_of(queue, key)).state for key in keys[:-1]} <= {"waiting"}


async def test_a_runner_reports_a_circle_as_a_dead_letter(queue: Queue) -> None:
    async def look(run: Run) -> None:
        raise errors.WaitingFor(run.key, flow="billing")

    await queue.enqueue(Enqueue(PAYMENT, "billing"))
    [(key, fencing_token, *_)] = await claimed(queue, 1, flows=FLOWS)
    runner = Runner(queue, {"billing": look})
    run = await queue.start(key, fencing_token)
    assert run is not None
    how = waits_for(key)
    state = await queue.settle(run, how)
    reported = await runner._as_settled(run, how, state)
    assert isinstance(reported, outcome.DeadLettered)
    assert reported.failure.cause == f"It waits for itself: {key} -> {key}"


@pytest.mark.parametrize("vanishes", ["archived", "released", "wiped"])
async def test_a_waiter_whose_key_vanished_looks_again_at_no_cost(
    queue: Queue, redis: Redis, namespace: str, vanishes: str
) -> None:
    if vanishes == "released":
        await queue.hold(INVOICE)
    await waiting(queue, PAYMENT, INVOICE)
    match vanishes:
        case "archived":
            assert await ended(queue, INVOICE, REFUSED) == "dead"
            assert await queue.archive(INVOICE) == 1
        case "released":
            assert await queue.release(INVOICE) == 1
        case "wiped":
            # Its record is lost, as after an eviction; its place among the due keys is not.
            await redis.delete(*[name async for name in redis.scan_iter(f"{namespace}:*{INVOICE}")])
            assert await claimed(queue, 1, flows=FLOWS) == []
            await redis.delete(f"{namespace}:due:billing:fresh")
    assert await queue.job(INVOICE) is None
    job = await job_of(queue, PAYMENT)
    assert job.state == "waiting"
    assert 0 < job.due_ms - (await queue.counts()).now_ms <= 600_000

    # Those minutes have passed.
    await redis.zadd(f"{namespace}:waiting", {PAYMENT: 1})
    await redis.hset(f"{namespace}:job:{PAYMENT}", "due", "1")  # type: ignore[misc]
    again = await started(queue, PAYMENT)
    assert (again.attempts, again.waits, again.crashes) == (0, 1, 0)
    assert await queue.settle(again, waits_for(INVOICE)) == "waiting"
    assert await ended(queue, INVOICE, Succeeded()) == "gone"
    assert (await job_of(queue, PAYMENT)).state == "due"


async def test_an_edit_of_a_waiter_leaves_it_waiting_with_the_more_urgent_lane_and_the_stronger_mode(
    queue: Queue,
) -> None:
    await queue.enqueue(Enqueue(PAYMENT, "billing", lane="backlog", mode="verify"))
    assert await ended(queue, PAYMENT, waits_for(INVOICE)) == "waiting"
    await queue.enqueue(Enqueue(PAYMENT, "billing"))
    job = await job_of(queue, PAYMENT)
    assert (job.state, job.waits_for, job.lane, job.mode) == ("waiting", INVOICE, "fresh", "verify")
    assert await ended(queue, INVOICE, Succeeded()) == "gone"
    assert (await job_of(queue, PAYMENT)).state == "due"


@pytest.mark.parametrize("while_running", [False, True])
async def test_a_person_need_not_wait(queue: Queue, *, while_running: bool) -> None:
    await queue.enqueue(Enqueue(PAYMENT, "billing"))
    run = await started(queue, PAYMENT)
    if while_running:
        await queue.enqueue(Enqueue(PAYMENT, "billing", lane="interactive"))
    await queue.settle(run, waits_for(INVOICE))
    if not while_running:
        await queue.enqueue(Enqueue(PAYMENT, "billing", lane="interactive"))
    run = await started(queue, PAYMENT)
    assert run.lane == "interactive"
    # It is no waiter of that key any more, until it says so again.
    assert await ended(queue, INVOICE, Succeeded()) == "gone"
    assert (await job_of(queue, PAYMENT)).state == "running"


async def test_a_held_waiter_looks_for_itself_when_it_is_released(queue: Queue) -> None:
    await waiting(queue, PAYMENT, INVOICE)
    assert await queue.hold(PAYMENT) == 1
    assert await ended(queue, INVOICE, Succeeded()) == "gone"
    assert (await job_of(queue, PAYMENT)).state == "held"
    assert await queue.release(PAYMENT) == 1
    assert await ended(queue, PAYMENT, Succeeded()) == "gone"


async def test_a_held_wait_keeps_its_time(queue: Queue) -> None:
    failure = Failure.of(errors.Throttled("pause"))
    await queue.enqueue(Enqueue(PAYMENT, "billing"))
    assert await ended(queue, PAYMENT, Deferred(3600, failure)) == "waiting"
    before = await job_of(queue, PAYMENT)
    await queue.hold(PAYMENT)
    await queue.release(PAYMENT)
    assert await job_of(queue, PAYMENT) == before


async def test_a_chain_of_waits_runs_from_its_end_through_a_worker(queue: Queue, redis: Redis) -> None:
    needs = {PAYMENT: INVOICE, INVOICE: ACCOUNT}
    done: list[str] = []

    async def look(run: Run) -> None:
        other = needs.get(run.key)
        if other is not None and other not in done:
            raise errors.WaitingFor(other, flow="billing")
        done.append(run.key)

    async def settled() -> bool:
        return await queue.jobs() == []

    await queue.enqueue(Enqueue(PAYMENT, "billing"))
    async with serving(redis, queue, look, flows=FLOWS):
        await until(lambda: len(done) == 3, what="the chain is done")
        await until(settled, what="everything is settled")
    assert done == [ACCOUNT, INVOICE, PAYMENT]
