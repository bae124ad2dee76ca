"""The scripts of the queue against a small model in memory, over histories that hypothesis thinks up."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import timedelta

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
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.outcome import DeadLettered, Deferred, Outcome, Retried, Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.settings import QueueSettings
from tests.support.jobs import claimed

NAMES = [f"jetbuilt/project/{number}" for number in (1, 2)]
SETTINGS = QueueSettings(
    debounce=timedelta(0),
    lease_duration=timedelta(hours=1),
    max_attempts=2,
    backoff_base=timedelta(0),
    max_crashes=2,
)
FAILURE = Failure(work_class="retry", error="Unreachable", cause="no answer", detail="", remedy="", at_ms=1)
OUTCOMES: dict[str, Outcome] = {
    "done": Succeeded(),
    "wait": Deferred(0, FAILURE),
    "broken off": Deferred(0),
    "retry": Retried(FAILURE),
    "refused": DeadLettered(FAILURE),
}
keys = st.sampled_from(NAMES)


@dataclass
class Expected:
    """One key as it ought to be; a key without a record has none of these."""

    state: str = "due"
    generation: int = 0
    run_generation: int = 0
    attempts: int = 0
    crashes: int = 0
    waits: int = 0
    hold: bool = False
    after: str = ""

    def afresh(self) -> None:
        self.attempts = self.crashes = self.waits = 0


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
        self.fencing_tokens: dict[str, int] = {}
        self.runs: dict[str, Run] = {}
        self.stale: list[Run] = []

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run(self.forget())
            self.loop.close()

    async def forget(self) -> None:
        names = [name async for name in self.client.scan_iter(f"{self.queue.namespace}:*")]
        if names:
            await self.client.delete(*names)
        await self.client.aclose()

    def put(self, key: str, after: str) -> str:
        """What the model does when a key leaves its state."""
        expected = self.model[key]
        if expected.hold:
            expected.state, expected.after = "held", after
        elif after == "gone":
            del self.model[key]
        else:
            expected.state = after
        return "held" if expected.hold else after

    @rule(key=keys, urgent=st.booleans(), version=st.sampled_from(["", "1", "2"]))
    def generation(self, key: str, version: str, *, urgent: bool) -> None:
        self.enqueue(key, version, urgent=urgent)

    def enqueue(self, key: str, version: str, *, urgent: bool) -> None:
        planned_lines = self.loop.run(
            self.queue.enqueue(Enqueue(key, "opportunity", "interactive" if urgent else "fresh", version))
        )
        unchanged = version != "" and self.versions.get(key) == version
        assert planned_lines == (0 if unchanged else 1)
        if unchanged:
            return
        if version:
            self.versions[key] = version
        expected = self.model.setdefault(key, Expected(state="new"))
        expected.generation += 1
        if expected.state in {"new", "dead"} or (expected.state == "held" and expected.after != "due"):
            expected.afresh()
            self.put(key, "due")

    @rule(limit=st.integers(1, 3), start=st.booleans())
    def claim(self, limit: int, *, start: bool) -> None:
        due = {key for key, expected in self.model.items() if expected.state == "due"}
        claimed = {key: fencing_token for key, fencing_token, *_ in self.loop.run(claimed(self.queue, limit))}
        assert set(claimed) <= due
        assert len(claimed) == min(limit, len(due))
        for key, fencing_token in claimed.items():
            assert fencing_token > self.fencing_tokens.get(key, 0)
            self.fencing_tokens[key] = fencing_token
            self.model[key].state = "dispatched"
            if start:
                self.begin_run(key)

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

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), how=st.sampled_from(sorted(OUTCOMES)), edit=st.booleans())
    def settle(self, data: st.DataObject, how: str, *, edit: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.runs)))
        if edit:
            self.enqueue(key, "", urgent=False)
        run = self.runs.pop(key)
        self.stale.append(run)
        after = self.loop.run(self.queue.settle(run, OUTCOMES[how]))
        assert after == self.settled(key, how)

    def settled(self, key: str, how: str) -> str:
        expected = self.model[key]
        if how in {"wait", "retry", "refused"}:
            expected.crashes = 0
        if how == "wait":
            expected.waits += 1
            return self.put(key, "due")
        if how == "broken off":
            return self.put(key, "due")
        if how == "retry":
            expected.attempts += 1
            if expected.attempts < SETTINGS.max_attempts:
                return self.put(key, "due")
        if expected.generation > expected.run_generation:
            expected.afresh()
            return self.put(key, "due")
        return self.put(key, "gone" if how == "done" else "dead")

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
        alive = expected.crashes < SETTINGS.max_crashes or expected.generation > expected.run_generation
        self.put(key, "due" if alive else "dead")

    async def end_lease(self, key: str) -> None:
        await self.client.zadd(f"{self.queue.namespace}:leases", {key: 1})
        assert await self.queue.reclaim() == 1

    @rule(key=keys, verb=st.sampled_from(["hold", "release", "requeue", "archive"]))
    def a_person_acts(self, key: str, verb: str) -> None:
        {"hold": self.hold, "release": self.release, "requeue": self.requeue, "archive": self.archive}[verb](
            key
        )

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

    def requeue(self, key: str) -> None:
        count = self.loop.run(self.queue.requeue(key))
        expected = self.model.get(key)
        assert count == (1 if expected and expected.state in {"dead", "due"} else 0)
        if count and expected:
            expected.afresh()
            self.put(key, "due")

    def archive(self, key: str) -> None:
        count = self.loop.run(self.queue.archive(key))
        expected = self.model.get(key)
        assert count == (1 if expected and expected.state == "dead" else 0)
        if count:
            del self.model[key]

    @invariant()
    def the_queue_is_as_the_model_says(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run(self.compare())

    async def compare(self) -> None:
        jobs = {job.key: job for job in await self.queue.jobs()}
        assert {key: job.state for key, job in jobs.items()} == {
            key: each.state for key, each in self.model.items()
        }
        for key, each in self.model.items():
            job = jobs[key]
            assert (job.generation, job.attempts, job.crashes, job.waits) == (
                each.generation,
                each.attempts,
                each.crashes,
                each.waits,
            )
        counts = await self.queue.counts()
        for state in ("due", "dispatched", "running", "dead", "held"):
            assert getattr(counts, state) == sum(each.state == state for each in self.model.values())


def test_every_history_ends_as_the_model_says(redis_url: str) -> None:
    QueueMachine.url = redis_url
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
