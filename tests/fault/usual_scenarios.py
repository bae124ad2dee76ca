"""The failures that every part of the billing flow meets in the same way; only what is synced, and so edited and judged, differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fault import disruptions
from tests.fault.casting import Casting
from tests.fault.part import FlowName
from tests.fault.scenario import Scenario, lasting
from tests.fault.stage import Act

WRITES = ("POST", "DELETE", "PATCH")
BOTH = ("connectwise", "bss")
QUICK: Mapping[str, str] = {"BSS__POLL_INTERVAL": "300ms", "CONNECTWISE__POLL_INTERVAL": "300ms"}
_SPOILT = disruptions.answers("half", "garble", probability=0.2, systems=BOTH)
_FAILING = disruptions.answers("fail", "refuse", probability=0.3, systems=BOTH)
_THROTTLED = disruptions.answers("throttle", probability=0.05, systems=BOTH)
SLOW = disruptions.answers("delay", probability=0.5, seconds=(0.1, 1.5), systems=BOTH)


@dataclass(frozen=True, kw_only=True)
class Usual:
    """The scenarios of one part; `written` are the systems whose answers to writes are lost."""

    part: FlowName
    written: Sequence[str]

    def casting(self, **more: Any) -> Casting:
        """The part alone."""
        return Casting(flows=(self.part,), **more)

    def kill_workers(self) -> Scenario:
        return self._named(
            "kill-workers",
            "kill -9 of workers at random moments",
            lasting(20, disruptions.killing("worker", every=0.2)),
            self.casting(workers=3),
            runs=4,
        )

    def kill_producers(self, *, runs: int = 1) -> Scenario:
        return self._named(
            "kill-producers",
            "kill -9 of producers at random moments",
            lasting(15, disruptions.killing("producers", every=0.25)),
            self.casting(producers=2),
            runs=runs,
        )

    def kill_everything(self) -> Scenario:
        return self._named(
            "kill-everything",
            "kill -9 of all processes at once, at times with Redis",
            lasting(20, disruptions.killing_everything(every=1.5)),
            self.casting(fsync="always"),
            runs=2,
        )

    def lease_overtaken(self, act: Act) -> Scenario:
        return self._named(
            "lease-overtaken",
            "a stopped worker wakes up after another has finished its work",
            act,
            self.casting(workers=1),
            runs=2,
        )

    def wiped_during_creation(self, act: Act) -> Scenario:
        return self._named(
            "wiped-during-creation",
            "FLUSHALL while a record is being made",
            act,
            self.casting(workers=3, settings={**QUICK, "QUEUE__LEASE_DURATION": "15s"}),
            runs=2,
        )

    def lost_answers(self) -> Scenario:
        return self._named(
            "lost-answers", "one write in four takes effect unanswered", lasting(15, self._lost()), runs=2
        )

    def spoilt_answers(self) -> Scenario:
        return self._named(
            "spoilt-answers", "half and garbled answers to reads and writes", lasting(15, _SPOILT)
        )

    def failing_servers(self) -> Scenario:
        return self._named(
            "failing-servers",
            "5xx, HTML error pages, refused connections on both sides",
            lasting(15, _FAILING),
            runs=2,
        )

    def throttled(self) -> Scenario:
        return self._named("throttled", "429 of ConnectWise and 403 of BSS", lasting(15, _THROTTLED))

    def redis_wiped(self) -> Scenario:
        return self._named(
            "redis-wiped",
            "FLUSHALL",
            lasting(20, disruptions.redis(every=1.5, what=disruptions.wiped)),
            self.casting(keeps_identities=True),
            runs=2,
        )

    def redis_power_cut(self) -> Scenario:
        return self._named(
            "redis-power-cut",
            "Redis back without its last second",
            lasting(20, disruptions.redis(every=2.0, what=disruptions.without_power)),
            self.casting(keeps_identities=True),
            runs=2,
        )

    def sleeping_worker(self) -> Scenario:
        return self._named(
            "sleeping-worker",
            "a worker stopped beyond its lease during an apply, then going on",
            lasting(20, disruptions.sleeping_workers(every=0.5)),
            self.casting(workers=3),
            runs=2,
        )

    def storm(self) -> Scenario:
        trouble = disruptions.in_turn(
            self._lost(),
            _SPOILT,
            _FAILING,
            _THROTTLED,
            SLOW,
            disruptions.moving_code_base,
            disruptions.ending_tokens(every=0.5),
            disruptions.sleeping_workers(every=0.3),
            disruptions.redis(every=1.0, what=disruptions.disconnected),
            disruptions.redis(every=1.0, what=disruptions.paused),
            disruptions.redis(every=1.0, what=disruptions.restarted),
        )
        return self._named(
            "storm",
            "all of the above in turn and together, with kills",
            lasting(30, disruptions.together(disruptions.killing(every=0.6), trouble)),
            self.casting(workers=3, producers=2, fsync="always"),
            runs=2,
        )

    def _lost(self) -> disruptions.Disruption:
        return disruptions.answers("lose", methods=WRITES, probability=0.25, systems=self.written)

    def _named(
        self, name: str, story: str, act: Act, casting: Casting | None = None, *, runs: int = 1
    ) -> Scenario:
        return Scenario(
            name=f"{self.part}-{name}", story=story, act=act, casting=casting or self.casting(), runs=runs
        )


def side_by_side(name: str, story: str, casting: Casting) -> Scenario:
    """Several parts at once, with kills, lost answers and failing servers."""
    trouble = disruptions.in_turn(
        disruptions.answers("lose", methods=WRITES, probability=0.2, systems=BOTH),
        disruptions.answers("fail", probability=0.2, systems=("connectwise", "jetbuilt", "bss")),
    )
    act = lasting(20, disruptions.together(disruptions.killing(every=0.4), trouble), edits_every=0.1)
    return Scenario(name=name, story=story, act=act, casting=casting, runs=2)
