"""The scripts of the queue against a small model in memory, over histories that hypothesis thinks up.

Two flows, all lanes and modes, versions, waits for time and for keys (circles too), holds, requeues, archives, crashes.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cwbridge import redis
from cwbridge.limits.lane import LANES, RANK, Lane
from cwbridge.mode import MODES, Mode
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.outcome import DeadLettered, Deferred, Outcome, Retried, Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.settings import QueueSettings
from tests.support.jobs import claimed

FLOW_OF = {"a/1": "a", "a/2": "a", "b/1": "b"}
NAMES = sorted(FLOW_OF)
FLOWS = ("a", "b")
SETTINGS = QueueSettings(
    debounce=timedelta(0),
    lease_duration=timedelta(hours=1),
    max_attempts=2,
    backoff_base=timedelta(0),
    max_crashes=2,
)
FAILURE = Failure(work_class="retry", error="Unreachable", cause="no answer", detail="", remedy="", at_ms=1)
OUTCOMES: dict[str, Outcome] = {
    "succeeded": Succeeded(),
    "deferred": Deferred(3600, FAILURE),
    "broken off": Deferred(0),
    "retried": Retried(FAILURE),
    "dead_lettered": DeadLettered(FAILURE),
}
keys = st.sampled_from(NAMES)
lanes = st.sampled_from(LANES)
modes = st.sampled_from(MODES)


def urgent(one: Lane, other: Lane) -> Lane:
    return min(one, other, key=RANK.__getitem__)


def stronger(one: Mode, other: Mode) -> Mode:
    return max(one, other, key=MODES.index)


Pick = Callable[[Sequence[str]], str]
"""Chooses one of several."""


def picking(data: st.DataObject) -> Pick:
    return lambda options: data.draw(st.sampled_from(options))


@dataclass
class Expected:
    """One key as it ought to be; a key without a record has none of these."""

    flow: str = ""
    state: str = "due"
    lane: Lane = "backlog"
    mode: Mode = "if_changed"
    generation: int = 0
    run_generation: int = 0
    attempts: int = 0
    crashes: int = 0
    waits: int = 0
    hold: bool = False
    after: str = ""
    waits_for: str | None = None
    rerun: tuple[Lane, Mode] | None = None

    def afresh(self) -> None:
        self.attempts = self.crashes = self.waits = 0

    def merge(self, lane: Lane, mode: Mode) -> None:
        self.lane, self.mode = urgent(self.lane, lane), stronger(self.mode, mode)

    @property
    def enqueued_meanwhile(self) -> bool:
        return self.generation > self.run_generation


class QueueMachine(RuleBasedStateMachine):
    """Every rule does one thing to the queue and to the model."""

    url = ""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.Runner()
        self.client = redis.connect(self.url)
        self.queue = Queue(self.client, namespace=f"m{uuid.uuid4().hex[:10]}", settings=SETTINGS)
        self.model: dict[str, Expected] = {}
        self.versions: dict[str, str] = {}
        self.archived: set[str] = set()
        self.fencing_tokens: dict[str, int] = {}
        self.runs: dict[str, Run] = {}
        self.stale: list[Run] = []
        self.dead_letters = self.requeues = 0

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run(self.forget())
            self.loop.close()

    async def forget(self) -> None:
        names = [name async for name in self.client.scan_iter(f"{self.queue.namespace}:*")]
        if names:
            await self.client.delete(*names)
        await self.client.aclose()

    def put(self, key: str, after: str, waits_for: str | None = None) -> str:
        """What the model does when a key leaves its state."""
        expected = self.model[key]
        expected.waits_for = expected.rerun = None
        if expected.hold:
            expected.state, expected.after = "held", "due" if waits_for else after
        elif after == "gone":
            del self.model[key]
        else:
            expected.state, expected.waits_for = after, waits_for
        return "held" if expected.hold else after

    @rule(key=keys, lane=lanes, mode=modes, version=st.sampled_from(["", "1", "2"]))
    def an_object_is_enqueued(self, key: str, lane: Lane, mode: Mode, version: str) -> None:
        self.enqueue(key, lane, mode, version)

    def enqueue(self, key: str, lane: Lane, mode: Mode, version: str = "") -> None:
        count = self.loop.run(self.queue.enqueue(Enqueue(key, FLOW_OF[key], lane, mode, version)))
        known = mode == "if_changed" and version != "" and self.versions.get(key) == version
        expected = self.model.get(key)
        is_dead = expected is not None and expected.state == "dead"
        rests = lane == "backlog" and version == "" and (is_dead or key in self.archived)
        assert count == (0 if known or rests else 1)
        if count == 0:
            return
        self.archived.discard(key)
        if version:
            self.versions[key] = version
        self.enqueued(key, lane, mode)

    def enqueued(self, key: str, lane: Lane, mode: Mode) -> None:
        expected = self.model.setdefault(key, Expected(state="new"))
        expected.flow = FLOW_OF[key]
        expected.generation += 1
        match expected.state, expected.after if expected.state == "held" else "":
            case ("new", _) | ("held", "gone"):
                expected.lane, expected.mode = lane, mode
                expected.afresh()
                self.put(key, "due")
            case ("dead", _) | ("held", "dead"):
                expected.merge(lane, mode)
                expected.afresh()
                self.put(key, "due")
            case ("running", _):
                before = expected.rerun or (lane, mode)
                expected.rerun = urgent(before[0], lane), stronger(before[1], mode)
            case ("waiting", _) if lane == "interactive":
                expected.merge(lane, mode)
                self.put(key, "due")
            case _:
                expected.merge(lane, mode)

    @rule(limit=st.integers(1, 3), flow=st.sampled_from(["a", "b", "ab"]), start=st.booleans())
    def claim(self, limit: int, flow: str, *, start: bool) -> None:
        self.claim_and_start(limit, flow, start=start)

    def claim_and_start(self, limit: int, flow: str, *, start: bool) -> None:
        due = {
            key for key, expected in self.model.items() if expected.state == "due" and expected.flow in flow
        }
        deliveries = self.loop.run(claimed(self.queue, limit, flows=tuple(flow)))
        assert {delivery.key for delivery in deliveries} <= due
        assert len(deliveries) == min(limit, len(due))
        for key, fencing_token, own, lane in deliveries:
            assert (own, lane) == (self.model[key].flow, self.model[key].lane)
            assert fencing_token > self.fencing_tokens.get(key, 0)
            self.fencing_tokens[key] = fencing_token
            self.model[key].state = "dispatched"
        urgency = [RANK[delivery.lane] for delivery in deliveries]
        assert urgency[: urgency.count(0)] == [0] * urgency.count(0)
        for delivery in deliveries:
            if start:
                self.begin_run(delivery.key)

    def in_state(self, *states: str) -> list[str]:
        return sorted(key for key, each in self.model.items() if each.state in states)

    @precondition(lambda self: self.in_state("dispatched"))
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self.begin_run(data.draw(st.sampled_from(self.in_state("dispatched"))))

    def begin_run(self, key: str) -> None:
        run = self.loop.run(self.queue.start(key, self.fencing_tokens[key]))
        expected = self.model[key]
        assert run is not None
        assert (run.flow, run.lane, run.mode) == (expected.flow, expected.lane, expected.mode)
        assert (run.generation, run.attempts, run.crashes, run.waits) == (
            expected.generation,
            expected.attempts,
            expected.crashes,
            expected.waits,
        )
        expected.state, expected.run_generation = "running", expected.generation
        self.runs[key] = run

    @precondition(lambda self: self.fencing_tokens)
    @rule(data=st.data())
    def a_stale_delivery_does_not_start(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.fencing_tokens)))
        current = self.model.get(key)
        late = 1 if current is not None and current.state == "dispatched" else 0
        assert self.loop.run(self.queue.start(key, self.fencing_tokens[key] - late)) is None

    def whatever_is_due_succeeds(self) -> None:
        self.claim_and_start(len(NAMES), "ab", start=True)
        for key in sorted(self.runs):
            run = self.runs.pop(key)
            self.stale.append(run)
            after = self.loop.run(self.queue.settle(run, OUTCOMES["succeeded"]))
            assert after == self.settled(key, "succeeded")

    def end_run(self, pick: Pick, edit: tuple[Lane, Mode] | None) -> str | None:
        """Choose a run that ends, after an enqueue of its key when there is an `edit`; begin one when there is none."""
        if not self.runs:
            self.enqueue(pick(NAMES), "fresh", "if_changed")
            self.claim_and_start(len(NAMES), "ab", start=True)
        for key in self.in_state("dispatched"):
            self.begin_run(key)
        if not self.runs:
            return None
        key = pick(sorted(self.runs))
        if edit is not None:
            self.enqueue(key, *edit)
        self.stale.append(self.runs.pop(key))
        return key

    @rule(data=st.data(), how=st.sampled_from(sorted(OUTCOMES)), edit=st.none() | st.tuples(lanes, modes))
    def settle(self, data: st.DataObject, how: str, edit: tuple[Lane, Mode] | None) -> None:
        self.settle_one(picking(data), how, edit)

    def settle_one(self, pick: Pick, how: str, edit: tuple[Lane, Mode] | None = None) -> None:
        key = self.end_run(pick, edit)
        if key is None:
            return
        after = self.loop.run(self.queue.settle(self.stale[-1], OUTCOMES[how]))
        assert after == self.settled(key, how)

    def settled(self, key: str, how: str) -> str:
        expected = self.model[key]
        rerun = expected.rerun if expected.enqueued_meanwhile else None
        if how == "succeeded":
            self.wake_waiters(key)
            if rerun is None:
                return self.put(key, "gone")
            expected.lane, expected.mode = rerun
            expected.afresh()
            return self.put(key, "due")
        if how != "broken off":
            expected.crashes = 0
        if how == "retried":
            expected.attempts += 1
        if how == "dead_lettered" or (how == "retried" and expected.attempts >= SETTINGS.max_attempts):
            return self.dead_lettered(key)
        if rerun is not None:
            expected.merge(*rerun)
        if how == "deferred":
            expected.waits += 1
            return self.put(key, "due" if rerun is not None and rerun[0] == "interactive" else "waiting")
        return self.put(key, "due")

    def dead_lettered(self, key: str) -> str:
        expected = self.model[key]
        if not expected.enqueued_meanwhile or expected.rerun is None:
            self.dead_letters += 1
            return self.put(key, "dead")
        expected.lane, expected.mode = expected.rerun[0], stronger(expected.rerun[1], expected.mode)
        expected.afresh()
        return self.put(key, "due")

    def wake_waiters(self, key: str) -> None:
        for other, each in list(self.model.items()):
            if each.state == "waiting" and each.waits_for == key:
                self.put(other, "due")

    @rule(data=st.data(), other=keys, lane=lanes, mode=modes, edit=st.none() | st.tuples(lanes, modes))
    def wait_for_key(
        self, data: st.DataObject, other: str, lane: Lane, mode: Mode, edit: tuple[Lane, Mode] | None
    ) -> None:
        self.wait_one(picking(data), other, lane, mode, edit)

    def wait_one(
        self, pick: Pick, other: str, lane: Lane, mode: Mode, edit: tuple[Lane, Mode] | None = None
    ) -> None:
        key = self.end_run(pick, edit)
        if key is None:
            return
        closes = self.closes_circle(key, other)
        dependency = Enqueue(other, FLOW_OF[other], lane, mode)
        after = self.loop.run(self.queue.settle(self.stale[-1], Deferred(300, FAILURE, dependency)))
        expected = self.model[key]
        expected.crashes = 0
        if closes:
            assert after == self.dead_lettered(key)
            return
        if other not in self.model:
            self.archived.discard(other)
            self.enqueued(other, lane, mode)
        elif self.model[other].state == "due":
            self.model[other].lane = urgent(lane, self.model[other].lane)
        expected.waits += 1
        rerun = expected.rerun if expected.enqueued_meanwhile else None
        if rerun is not None:
            expected.merge(*rerun)
        if rerun is not None and rerun[0] == "interactive":
            assert after == self.put(key, "due")
        else:
            assert after == self.put(key, "waiting", other)

    def closes_circle(self, key: str, other: str | None) -> bool:
        while other is not None and other != key:
            other = self.model[other].waits_for if other in self.model else None
        return other == key

    @precondition(lambda self: self.in_state("waiting"))
    @rule(data=st.data(), by=st.sampled_from(["time", "wake"]))
    def a_wait_ends(self, data: st.DataObject, by: str) -> None:
        key = data.draw(st.sampled_from(self.in_state("waiting")))
        if by == "wake":
            assert self.loop.run(self.queue.wake(key)) == 1
            self.put(key, "due")
            return
        self.loop.run(self.pass_time(key))
        flow = "b" if FLOW_OF[key] == "a" else "a"
        # Any claim promotes it, also that of a worker without its flow.
        due = {name for name, each in self.model.items() if each.state == "due" and each.flow == flow}
        deliveries = self.loop.run(claimed(self.queue, 1, flows=(flow,)))
        assert len(deliveries) == min(1, len(due))
        for delivery in deliveries:
            self.fencing_tokens[delivery.key] = delivery.fencing_token
            self.model[delivery.key].state = "dispatched"
        self.put(key, "due")

    async def pass_time(self, key: str) -> None:
        await self.client.zadd(f"{self.queue.namespace}:waiting", {key: 1})
        await self.client.hset(f"{self.queue.namespace}:job:{key}", "due", "1")  # type: ignore[misc]

    @precondition(lambda self: self.stale)
    @rule(data=st.data(), how=st.sampled_from(sorted(OUTCOMES)))
    def a_stale_run_changes_nothing(self, data: st.DataObject, how: str) -> None:
        run = data.draw(st.sampled_from(self.stale))
        assert self.loop.run(self.queue.extend(run)) is False
        assert self.loop.run(self.queue.settle(run, OUTCOMES[how])) is None

    @precondition(lambda self: self.in_state("dispatched", "running"))
    @rule(data=st.data())
    def a_lease_ends(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.in_state("dispatched", "running")))
        self.loop.run(self.end_lease(key))
        expected = self.model[key]
        if expected.state == "dispatched":
            self.put(key, "due")
            return
        self.stale.append(self.runs.pop(key))
        expected.crashes += 1
        if expected.crashes >= SETTINGS.max_crashes and not expected.enqueued_meanwhile:
            self.dead_letters += 1
            self.put(key, "dead")
            return
        if expected.rerun is not None:
            expected.merge(*expected.rerun)
        self.put(key, "due")

    async def end_lease(self, key: str) -> None:
        await self.client.zadd(f"{self.queue.namespace}:leases", {key: 1})
        assert await self.queue.reclaim() == 1

    @rule(key=keys, verb=st.sampled_from(["hold", "release", "archive"]))
    def a_person_acts(self, key: str, verb: str) -> None:
        {"hold": self.hold, "release": self.release, "archive": self.archive}[verb](key)

    def hold(self, key: str) -> None:
        count = self.loop.run(self.queue.hold(key))
        expected = self.model.get(key)
        assert count == (0 if expected and expected.hold else 1)
        if count == 0:
            return
        if expected is None:
            self.model[key] = Expected(state="held", hold=True, after="gone")
            return
        expected.hold = True
        if expected.state in {"due", "dispatched"}:
            self.put(key, "due")
        elif expected.state == "waiting":
            self.put(key, "waiting", expected.waits_for)
        elif expected.state == "dead":
            self.put(key, "dead")

    def release(self, key: str) -> None:
        count = self.loop.run(self.queue.release(key))
        expected = self.model.get(key)
        assert count == (1 if expected and expected.hold else 0)
        if expected and expected.hold:
            expected.hold = False
            if expected.state == "held":
                self.put(key, expected.after)

    @rule(key=keys, lane=lanes, mode=modes, only_dead=st.booleans())
    def a_person_requeues(self, key: str, lane: Lane, mode: Mode, *, only_dead: bool) -> None:
        found = self.loop.run(self.queue.requeue_later({key: 0}, lane=lane, mode=mode, only_dead=only_dead))
        expected = self.model.get(key)
        states = {"dead"} if only_dead else {"dead", "due", "waiting"}
        if expected is None or expected.state not in states:
            assert found == []
            return
        assert found == [key]
        self.requeues += 1
        expected.lane, expected.mode = lane, stronger(mode, expected.mode)
        expected.afresh()
        self.put(key, "due")

    def archive(self, key: str) -> None:
        count = self.loop.run(self.queue.archive(key))
        expected = self.model.get(key)
        assert count == (1 if expected and expected.state == "dead" else 0)
        if count:
            self.archived.add(key)
            del self.model[key]

    @invariant()
    def the_queue_is_as_the_model_says(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run(self.compare())

    async def compare(self) -> None:
        jobs = {job.key: job for job in await self.queue.jobs()}
        assert {key: (job.flow, job.state) for key, job in jobs.items()} == {
            key: (each.flow, each.state) for key, each in self.model.items()
        }
        for key, each in self.model.items():
            job = jobs[key]
            assert (job.lane, job.mode, job.waits_for, job.held) == (
                each.lane,
                each.mode,
                each.waits_for,
                each.hold,
            )
            assert (job.generation, job.attempts, job.crashes, job.waits) == (
                each.generation,
                each.attempts,
                each.crashes,
                each.waits,
            )
        await self.compare_counts()

    async def compare_counts(self) -> None:
        counts = await self.queue.counts()
        expected = Counter((each.flow, each.state) for each in self.model.values())
        states = ("due", "dispatched", "running", "waiting", "dead", "held")
        counted = {
            (flow, state): getattr(of_flow, state)
            for flow, of_flow in counts.flows.items()
            for state in states
        }
        assert {name: number for name, number in counted.items() if number} == dict(expected)
        for state in states:
            assert getattr(counts, state) == sum(each.state == state for each in self.model.values())
        pending = {
            (each.flow, each.lane)
            for each in self.model.values()
            if each.state in {"due", "dispatched", "running", "waiting"}
        }
        assert pending == {
            (flow, lane) for flow, of_flow in counts.flows.items() for lane in of_flow.oldest_pending_age_ms
        }
        counters = await self.queue.counters()
        assert sum(counters.dead_letters.values()) == self.dead_letters
        assert sum(counters.requeues.values()) == self.requeues


@pytest.mark.tens_of_seconds
def test_every_history_ends_as_the_model_says(redis_url: str) -> None:
    QueueMachine.url = redis_url
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("seed", range(8))
def test_waits_for_keys_end_as_the_model_says(redis_url: str, seed: int) -> None:
    """Chance seldom lets one key wait for another and that one succeed, so these histories are made of little else."""
    chance = random.Random(seed)
    QueueMachine.url = redis_url
    machine = QueueMachine()
    machine.begin()

    def edit() -> tuple[Lane, Mode] | None:
        return (chance.choice(LANES), chance.choice(MODES)) if chance.random() < 0.3 else None

    for _ in range(60):
        match chance.randrange(8):
            case 0 | 1 | 2:
                machine.wait_one(
                    chance.choice, chance.choice(NAMES), chance.choice(LANES), chance.choice(MODES), edit()
                )
            case 3 | 4:
                machine.whatever_is_due_succeeds()
            case 5:
                machine.settle_one(chance.choice, chance.choice(sorted(OUTCOMES)), edit())
            case 6:
                machine.a_person_acts(
                    chance.choice(NAMES), chance.choice(["hold", "release", "release", "archive"])
                )
            case _:
                machine.a_person_requeues(
                    chance.choice(NAMES), chance.choice(LANES), chance.choice(MODES), only_dead=False
                )
        machine.the_queue_is_as_the_model_says()
    machine.teardown()
