"""How much goes before a single edit, before a person and before another flow, counted in slots, runs and calls.

The bounds, with `concurrency` slots or calls at once (docs/guarantees.md states them):

- of a worker's slots the backlog never takes the last two, and edits leave the last one to people: however long the runs of
  the backlog are, a single edit starts at once, and however long those of the edits are, a person's requeue does;
- of several flows, each leaves a slot to each other one that has no run; within a lane the flow whose last claim is the longest
  ago goes first, so that a key waits for at most one claim of each other flow, besides those of its own flow;
- of several edits the k-th gets slot k + ceil(k / 3) at the latest, because of four slots in a row one goes to the backlog;
- a call of a person goes after the turns that are reserved already, at most `concurrency`; and after one more for each other
  process that stands in line already;
- a call of an edit goes after these and after the calls that another edit has under way at once, whatever the number of its lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from cwbridge import concurrency
from cwbridge.limits import lane
from cwbridge.limits.lane import Lane
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.lanes import FreeSlots
from cwbridge.queue.outcome import DeadLettered
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings
from tests.support.jobs import claimed
from tests.support.serving import serving
from tests.support.until import until

PLACES = 4
EDITED = "jetbuilt/project/99999"
OTHER = "jetbuilt/project/88888"
BACKLOG = 10_000
SETTINGS = QueueSettings(
    concurrency=PLACES, debounce=timedelta(0), shutdown_timeout=timedelta(milliseconds=50)
)
REFUSED = Failure(
    work_class="refused", error="MappingRefused", cause="no such category", detail="", remedy="", at_ms=1
)


class Runs:
    """A handler that notes which runs began, in their order and with their fencing tokens."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.begun: list[str] = []
        self.fencing_tokens: dict[str, int] = {}
        self._seconds = seconds

    async def __call__(self, run: Run) -> None:
        self.begun.append(run.key)
        self.fencing_tokens[run.key] = run.fencing_token
        await asyncio.sleep(self._seconds)


class Gated(Runs):
    """Each run goes on until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[str, asyncio.Event] = {}

    async def __call__(self, run: Run) -> None:
        gate = self.gates[run.key] = asyncio.Event()
        await super().__call__(run)
        await gate.wait()

    async def filled(self, count: int) -> None:
        await until(lambda: len(self.begun) == count, what=f"{count} runs have begun")


@pytest.fixture
async def queue(redis: Redis, namespace: str) -> Queue:
    """A queue with ten thousand keys waiting."""
    queue = Queue(redis, namespace=namespace, settings=SETTINGS)
    await queue.enqueue(
        *(Enqueue(f"jetbuilt/project/{number}", "opportunity", lane="backlog") for number in range(BACKLOG))
    )
    return queue


@pytest.fixture
async def empty_queue(redis: Redis, namespace: str) -> Queue:
    return Queue(redis, namespace=namespace, settings=SETTINGS)


async def enqueued(queue: Queue, own: Lane) -> None:
    """An edit comes, or a person requeues a dead job."""
    if own == "fresh":
        await queue.enqueue(Enqueue(EDITED, "opportunity"))
    else:
        assert await queue.requeue(EDITED) == 1


async def dead_lettered(queue: Queue) -> None:
    """A dead letter, for a person to requeue."""
    await queue.enqueue(Enqueue(EDITED, "opportunity", lane="interactive"))
    [(key, fencing_token, *_)] = await claimed(queue, 1)
    run = await queue.start(key, fencing_token)
    assert run is not None
    assert await queue.settle(run, DeadLettered(REFUSED)) == "dead"


@pytest.mark.parametrize("places_before", range(4))
async def test_a_requeue_gets_the_next_slot_before_ten_thousand_due_keys(
    queue: Queue, places_before: int
) -> None:
    await dead_lettered(queue)
    await claimed(queue, places_before)
    await enqueued(queue, "interactive")
    [(key, *_)] = await claimed(queue, 1)
    assert key == EDITED


async def test_of_several_edits_each_lets_at_most_every_fourth_slot_go_to_the_backlog(queue: Queue) -> None:
    edits = 9
    worst = [0] * (edits + 1)
    for round_ in range(4):
        names = [f"jetbuilt/project/{99_000 + 100 * round_ + number}" for number in range(edits)]
        for name in names:
            await queue.enqueue(Enqueue(name, "opportunity"))
        slots = [key for key, *_ in await claimed(queue, 2 * edits)]
        for number, name in enumerate(names, start=1):
            worst[number] = max(worst[number], slots.index(name) + 1)
        # The next round begins one place further on, so that every phase of the four is seen.
        await claimed(queue, (1 - 2 * edits) % 4)
    assert worst[1:] == [number + math.ceil(number / 3) for number in range(1, edits + 1)]


async def test_runs_of_the_backlog_that_never_end_leave_slots_to_an_edit_and_a_person(
    queue: Queue, redis: Redis
) -> None:
    await dead_lettered(queue)
    runs = Gated()
    async with serving(redis, queue, runs):
        await runs.filled(PLACES - 2)
        await queue.enqueue(Enqueue(OTHER, "opportunity"))
        await runs.filled(PLACES - 1)
        assert runs.begun[-1] == OTHER
        await enqueued(queue, "interactive")
        await runs.filled(PLACES)
        assert runs.begun[-1] == EDITED


async def test_edits_that_never_end_leave_a_slot_to_a_person(empty_queue: Queue, redis: Redis) -> None:
    await dead_lettered(empty_queue)
    runs = Gated()
    async with serving(redis, empty_queue, runs):
        await empty_queue.enqueue(
            *(Enqueue(f"jetbuilt/project/{number}", "opportunity") for number in range(3 * PLACES))
        )
        await runs.filled(PLACES - 1)
        await enqueued(empty_queue, "interactive")
        await runs.filled(PLACES)
    assert runs.begun[PLACES - 1] == EDITED


async def test_the_slots_that_were_left_free_are_free_again_after_the_run(queue: Queue, redis: Redis) -> None:
    runs = Gated()
    async with serving(redis, queue, runs):
        await runs.filled(PLACES - 2)
        for number in range(2 * PLACES):
            await queue.enqueue(Enqueue(f"jetbuilt/project/{50_000 + number}", "opportunity"))
            await runs.filled(PLACES - 1 + number)
            runs.gates[runs.begun[-1]].set()


@pytest.mark.parametrize(("own", "slots"), [("fresh", 2), ("interactive", 1)])
async def test_a_worker_with_ten_thousand_due_keys_starts_a_bounded_number_of_runs_before_it(
    queue: Queue, redis: Redis, namespace: str, own: Lane, slots: int
) -> None:
    await dead_lettered(queue)
    runs = Runs(seconds=0.01)
    async with serving(redis, queue, runs):
        await until(lambda: len(runs.begun) >= 3 * PLACES, what="the backlog is under way")
        await enqueued(queue, own)
        begun = len(runs.begun)
        last_fencing_token = int(await redis.get(f"{namespace}:fencing_token") or 0)
        await until(lambda: EDITED in runs.begun, what="it has begun")
    # Fencing tokens are given with the slots, in their order.
    given = range(last_fencing_token + 1, runs.fencing_tokens[EDITED] + 1)
    assert sum(token in given for token in runs.fencing_tokens.values()) <= slots
    # What the backlog was given before and had not begun, and what it gets in the same moment.
    assert runs.begun.index(EDITED) - begun <= 2 * (PLACES - 2)


FLOWS = ("billing", "opportunity", "third")


@pytest.mark.parametrize("lane", ["interactive", "fresh", "backlog"])
async def test_ten_thousand_keys_of_one_flow_let_another_flow_have_the_next_claim(
    empty_queue: Queue, lane: Lane
) -> None:
    await empty_queue.enqueue(*(Enqueue(f"bss/invoice/{n}", "billing", lane) for n in range(BACKLOG)))
    await claimed(empty_queue, 5, flows=FLOWS)
    await empty_queue.enqueue(Enqueue(EDITED, "opportunity", lane))
    [delivery] = await claimed(empty_queue, 1, flows=FLOWS)
    assert (delivery.key, delivery.flow) == (EDITED, "opportunity")


@pytest.mark.parametrize("lane", ["interactive", "fresh", "backlog"])
async def test_flows_take_turns_though_one_of_the_workers_serves_one_flow_only(
    empty_queue: Queue, lane: Lane
) -> None:
    for flow in FLOWS:
        await empty_queue.enqueue(*(Enqueue(f"{flow}/{n}", flow, lane) for n in range(40)))
    taken = []
    for _ in range(20):
        # A worker that serves one flow goes between any two claims of one that serves all.
        await claimed(empty_queue, 1, flows=FLOWS[:1])
        taken += [delivery.flow for delivery in await claimed(empty_queue, 1, flows=FLOWS)]
    # The first flow gets its share from the other worker.
    assert abs(taken.count("opportunity") - taken.count("third")) <= 1
    assert taken.count("opportunity") >= 6
    assert max(len(list(run)) for flow, run in itertools.groupby(taken)) == 1


async def test_a_worker_claims_only_the_flows_that_it_serves(empty_queue: Queue, redis: Redis) -> None:
    await empty_queue.enqueue(
        Enqueue("bss/invoice/1", "billing", "interactive"), Enqueue(EDITED, "opportunity")
    )
    runs = Runs()
    async with serving(redis, empty_queue, runs, flows=("opportunity",)):
        await until(lambda: runs.begun, what="its own flow is served")
    assert runs.begun == [EDITED]
    assert [job.key for job in await empty_queue.jobs(state="due")] == ["bss/invoice/1"]


@pytest.mark.parametrize("slots", [4, 5, 8])
@pytest.mark.parametrize("lane", ["fresh", "backlog"])
@pytest.mark.parametrize("flows", [2, 3])
async def test_runs_of_one_flow_that_never_end_leave_a_slot_to_each_other_flow(
    redis: Redis, namespace: str, slots: int, lane: Lane, flows: int
) -> None:
    queue = Queue(redis, namespace=namespace, settings=SETTINGS.model_copy(update={"concurrency": slots}))
    served, most = FLOWS[:flows], slots - (2 if lane == "backlog" else 1)
    await queue.enqueue(*(Enqueue(f"bss/invoice/{number}", served[0], lane) for number in range(3 * slots)))
    runs = Gated()
    async with serving(redis, queue, runs, flows=served):
        own = max(1, most - (flows - 1))
        await runs.filled(own)
        for place, flow in enumerate(served[1 : 1 + most - own], start=1):
            await queue.enqueue(Enqueue(f"{flow}/1", flow, lane))
            await runs.filled(own + place)
            assert runs.begun[-1] == f"{flow}/1"
        await queue.enqueue(Enqueue(EDITED, served[0], "interactive"))
        await until(lambda: EDITED in runs.begun, what="a person's job has begun")
        assert len(runs.begun) <= slots


async def test_a_flow_that_is_alone_at_work_gets_every_slot_but_one_of_each_other_flow(
    empty_queue: Queue,
) -> None:
    def free(*taken: tuple[str, Lane]) -> FreeSlots:
        return FreeSlots.beside(8, ("a", "b"), taken)

    await empty_queue.enqueue(*(Enqueue(f"a/{number}", "a") for number in range(20)))
    assert len((await empty_queue.claim(free())).deliveries) == 6
    # The other one has what was left to it, so that nothing more is.
    assert len((await empty_queue.claim(free(("b", "fresh"), ("a", "fresh")))).deliveries) == 5


async def test_a_worker_with_one_slot_serves_all_flows_in_turn(redis: Redis, namespace: str) -> None:
    queue = Queue(redis, namespace=namespace, settings=SETTINGS.model_copy(update={"concurrency": 1}))
    for flow in FLOWS:
        await queue.enqueue(*(Enqueue(f"{flow}/{number}", flow, "backlog") for number in range(3)))
    runs = Runs()
    async with serving(redis, queue, runs, flows=FLOWS):
        await until(lambda: len(runs.begun) == 9, what="all are done")
    rounds = [{key.partition("/")[0] for key in runs.begun[start : start + 3]} for start in (0, 3, 6)]
    assert rounds == [set(FLOWS)] * 3


class Calls:
    """Calls of one process through its limiter; `sent` grows as they go, by the number of their place."""

    def __init__(self, redis: Redis, namespace: str, *, concurrency: int, rate: str) -> None:
        self.limiter = Limiter(
            redis,
            namespace=namespace,
            system="test",
            rate=Rate.parse(rate),
            concurrency=concurrency,
            margin=0.0,
        )
        self.sent: list[int] = []

    async def send(self, own: Lane) -> int:
        lane.CURRENT.set(own)
        call = await self.limiter.acquire()
        number = int(call.rpartition(":")[2])
        self.sent.append(number)
        self.limiter.release(call)
        return number

    @contextlib.asynccontextmanager
    async def a_job_of(self, count: int, own: Lane = "backlog", *, at_once: int = 0) -> AsyncIterator[None]:
        """A job with so many calls, all of them ready to go or `at_once` at a time."""

        async def call() -> None:
            await self.send(own)

        async with concurrency.group() as tasks:
            job = tasks.create_task(
                concurrency.gather_limited((call() for _ in range(count)), limit=at_once or count)
            )
            await until(lambda: len(self.sent) >= 20, what="the job is under way")
            try:
                yield
                assert not job.done(), "the job was over too early to be in anybody's way"
            finally:
                job.cancel()
        await self.limiter.close()


@pytest.mark.parametrize("concurrency", [1, 6])
async def test_a_call_of_a_person_waits_behind_the_reserved_turns_only(
    redis: Redis, namespace: str, concurrency: int
) -> None:
    calls = Calls(redis, namespace, concurrency=concurrency, rate="20/100ms")
    async with calls.a_job_of(3000):
        for _ in range(10):
            asked = len(calls.sent)
            number = await asyncio.create_task(calls.send("interactive"))
            # Places are numbered in the order in which they were given.
            ahead = [other for other in calls.sent[asked:] if other < number]
            assert len(ahead) <= concurrency


async def test_a_call_of_an_edit_waits_for_no_more_of_ten_thousand_lines_than_are_under_way_at_once(
    redis: Redis, namespace: str
) -> None:
    concurrency, at_once = 4, 6
    calls = Calls(redis, namespace, concurrency=concurrency, rate="20/100ms")
    async with calls.a_job_of(10_000, "fresh", at_once=at_once):
        for _ in range(20):
            asked = len(calls.sent)
            number = await asyncio.create_task(calls.send("fresh"))
            assert len([other for other in calls.sent[asked:] if other < number]) <= concurrency + at_once


async def test_a_call_of_a_person_in_another_process_waits_behind_one_more_for_each(
    redis: Redis, namespace: str
) -> None:
    concurrency = 6
    job, person = (Calls(redis, namespace, concurrency=concurrency, rate="1/15ms") for _ in range(2))
    async with job.a_job_of(1000):
        for _ in range(5):
            asked = len(job.sent)
            await person.send("interactive")
            # The job may have stood in line for a place before us, and goes on during one rest of 25 ms.
            assert len(job.sent) - asked <= concurrency + 1 + math.ceil(25 / 15)


async def test_the_lanes_go_in_their_order_though_the_backlog_came_first(
    redis: Redis, namespace: str
) -> None:
    calls = Calls(redis, namespace, concurrency=1, rate="5/50ms")
    order: list[Lane] = []

    async def send(own: Lane) -> None:
        await calls.send(own)
        order.append(own)

    async with calls.a_job_of(500):
        await asyncio.gather(send("fresh"), send("interactive"), send("fresh"), send("interactive"))
    assert order == ["interactive", "interactive", "fresh", "fresh"]
