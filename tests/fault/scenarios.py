"""The scenarios of the opportunity flow: what goes wrong in each, for how long, and how often the full suite plays it."""

from __future__ import annotations

from tests.fault import disruptions, encounters, failovers, points
from tests.fault.casting import Casting
from tests.fault.scenario import Scenario, lasting, nothing

_WRITES = ("POST", "DELETE", "PATCH")
_BOTH = ("connectwise", "jetbuilt")


_LOST = disruptions.answers("lose", methods=_WRITES, probability=0.25)
_SPOILT = disruptions.answers("half", "garble", probability=0.2)
_FAILING = disruptions.answers("fail", "refuse", probability=0.3, systems=_BOTH)
_THROTTLED = disruptions.answers("throttle", probability=0.1, systems=_BOTH)
_SLOW = disruptions.answers("delay", probability=0.5, seconds=(0.1, 1.5), systems=_BOTH)
_QUICK_POLLS = Casting(latency_ms=5, settings={"JETBUILT__POLL_INTERVAL": "300ms"})
_SENTINEL = Casting(workers=3, producers=2, sentinel={})
# A primary without replicas that takes writes all the same: they are lost, which the example's settings prevent.
_SENTINEL_WORST = Casting(workers=3, producers=2, sentinel={"min-replicas-to-write": "0"})

SCENARIOS = (
    Scenario(name="calm", story="edits only", act=lasting(8, nothing)),
    Scenario(
        name="kill-workers",
        story="kill -9 of workers at random moments",
        act=lasting(25, disruptions.killing("worker", every=0.2)),
        casting=Casting(workers=3),
        runs=8,
    ),
    Scenario(
        name="kill-producers",
        story="kill -9 of producers at random moments",
        act=lasting(20, disruptions.killing("producers", every=0.25)),
        casting=Casting(producers=2),
        runs=3,
    ),
    Scenario(
        name="kill-everything",
        story="kill -9 of all processes at once, at times with Redis",
        act=lasting(25, disruptions.killing_everything(every=1.5)),
        casting=Casting(fsync="always"),
        runs=3,
    ),
    Scenario(
        name="kill-real-commands",
        story="as above, each a fresh interpreter with the waits of production",
        act=lasting(20, disruptions.killing(every=1.5)),
        casting=Casting(real_commands=True),
    ),
    Scenario(
        name="kill-at-points",
        story="kill -9 before and after each kind of write",
        act=points.kill_at_each_point(points.POINTS),
        runs=3,
    ),
    Scenario(
        name="lose-at-points",
        story="the answer of each kind of write lost, cut in half, garbled",
        act=points.lose_at_each_point(points.POINTS, "lose", "half", "garble"),
        runs=3,
    ),
    Scenario(
        name="edited-during-apply",
        story="a project saved again while its lines are written",
        act=encounters.edited_during_apply(times=6),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="taken-back-after-kill",
        story="an edit taken back after its worker was killed during the apply",
        act=encounters.taken_back_after_a_kill(times=5),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="versioned-after-kill",
        story="a new version after a kill during the creation of an option",
        act=encounters.versioned_after_a_kill(times=4),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="same-new-product",
        story="many projects want one new product, half the answers lost",
        act=encounters.everybody_wants_the_same(times=12),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="lease-overtaken",
        story="a stopped worker wakes up after another has finished its work",
        act=encounters.overtaken(times=3),
        casting=Casting(workers=1),
        runs=2,
    ),
    Scenario(
        name="wiped-during-creation",
        story="FLUSHALL while a new project is being made",
        act=encounters.wiped_during_creation(times=6),
        casting=Casting(
            projects=3,
            workers=3,
            latency_ms=80,
            # The heartbeat is as slow as in production, so that no worker notices the wipe while it matters.
            settings={"JETBUILT__POLL_INTERVAL": "250ms", "QUEUE__LEASE_DURATION": "15s"},
        ),
        runs=2,
    ),
    Scenario(
        name="wiped-among-versions",
        story="FLUSHALL before and after new versions, during slow polls",
        act=encounters.wiped_among_versions(times=5),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="full-syncs",
        story="full syncs without end; others change prices; kills of workers",
        act=lasting(
            20,
            disruptions.together(
                disruptions.killing("worker", every=0.8), disruptions.other_prices(every=0.1)
            ),
            edits_every=4.0,
        ),
        casting=Casting(
            projects=8,
            workers=3,
            settings={
                "JETBUILT__FULL_SYNC_INTERVAL": "1s",
                "CONNECTWISE__POLL_INTERVAL": "300ms",
                "OPPORTUNITY__DRIFT": "repair",
            },
        ),
        runs=3,
    ),
    Scenario(
        name="lost-answers",
        story="one write in four takes effect unanswered",
        act=lasting(20, _LOST),
        runs=2,
    ),
    Scenario(
        name="spoilt-answers",
        story="half and garbled answers to reads and writes",
        act=lasting(20, _SPOILT),
        runs=2,
    ),
    Scenario(
        name="failing-servers",
        story="5xx, HTML error pages, refused connections on both sides",
        act=lasting(20, _FAILING),
        runs=2,
    ),
    Scenario(
        name="throttled",
        story="429 storms on both sides",
        act=lasting(20, _THROTTLED),
        runs=2,
    ),
    Scenario(name="slow-answers", story="answers up to 1.5 s late", act=lasting(20, _SLOW), runs=1),
    Scenario(
        name="redis-restarted",
        story="kill -9 of Redis, back at once or after seconds",
        act=lasting(25, disruptions.redis(every=3.0, what=disruptions.restarted)),
        casting=Casting(fsync="always"),
        runs=2,
    ),
    Scenario(
        name="redis-paused",
        story="Redis hangs for up to two leases",
        act=lasting(25, disruptions.redis(every=2.5, what=disruptions.paused)),
        runs=2,
    ),
    Scenario(
        name="redis-wiped",
        story="FLUSHALL",
        act=lasting(25, disruptions.redis(every=1.5, what=disruptions.wiped)),
        runs=3,
    ),
    Scenario(
        name="redis-disconnected",
        story="connections cut, Redis unreachable for up to 3 s",
        act=lasting(25, disruptions.redis(every=2.0, what=disruptions.disconnected)),
        runs=2,
    ),
    Scenario(
        name="redis-power-cut",
        story="Redis back without its last second",
        act=lasting(25, disruptions.redis(every=2.0, what=disruptions.without_power)),
        runs=3,
    ),
    Scenario(
        name="failover",
        story="kill -9 of the primary, with Sentinel; it comes back",
        act=lasting(25, disruptions.redis(every=1.0, what=failovers.killed)),
        casting=_SENTINEL,
        runs=2,
    ),
    Scenario(
        name="failover-paused",
        story="the primary hangs until another one is elected, then goes on",
        act=lasting(25, disruptions.redis(every=1.0, what=failovers.paused)),
        casting=_SENTINEL,
        runs=2,
    ),
    Scenario(
        name="failover-losing-writes",
        story="the primary killed after its replicas were cut off for seconds",
        act=lasting(25, disruptions.redis(every=1.0, what=failovers.losing_writes)),
        casting=_SENTINEL_WORST,
        runs=3,
    ),
    Scenario(
        name="sleeping-worker",
        story="a worker stopped beyond its lease during an apply, then going on",
        act=lasting(25, disruptions.sleeping_workers(every=0.5)),
        casting=Casting(workers=3),
        runs=3,
    ),
    Scenario(
        name="code-base-moved",
        story="the API moves during an apply",
        act=lasting(20, disruptions.moving_code_base),
        runs=2,
    ),
    Scenario(
        name="inventory-auditing",
        story="auditing switched on and off during an apply",
        act=lasting(20, disruptions.auditing),
        runs=2,
    ),
    Scenario(
        name="storm",
        story="all of the above in turn and together, with kills",
        act=lasting(
            40,
            disruptions.together(
                disruptions.killing(every=0.8),
                disruptions.in_turn(
                    _LOST,
                    _SPOILT,
                    _FAILING,
                    _THROTTLED,
                    _SLOW,
                    disruptions.auditing,
                    disruptions.moving_code_base,
                    disruptions.sleeping_workers(every=0.3),
                    disruptions.redis(every=1.0, what=disruptions.disconnected),
                    disruptions.redis(every=1.0, what=disruptions.paused),
                    disruptions.redis(every=1.0, what=disruptions.restarted),
                ),
            ),
        ),
        casting=Casting(workers=3, producers=2, fsync="always"),
        runs=4,
    ),
)
_BRISK = {"JETBUILT__POLL_INTERVAL": "300ms"}

SHORT = (
    Scenario(
        name="kills",
        story="kill -9 of anybody at random moments",
        act=lasting(5, disruptions.killing(every=0.15)),
        casting=Casting(projects=4, settings=_BRISK),
    ),
    Scenario(
        name="lost answers",
        story="the answer of each kind of write lost",
        act=points.lose_at_each_point(points.POINTS, "lose"),
        casting=Casting(projects=4, settings=_BRISK),
    ),
    Scenario(
        name="edited during an apply",
        story="a project saved again while its lines are written",
        act=encounters.edited_during_apply(times=2),
        casting=Casting(projects=3, settings=_BRISK),
    ),
    Scenario(
        name="lease overtaken",
        story="a stopped worker wakes up after another has finished its work",
        act=encounters.overtaken(times=1),
        casting=Casting(projects=3, workers=1, settings=_BRISK),
    ),
    Scenario(
        name="redis failing",
        story="restarted, cut off and hidden",
        act=lasting(
            5,
            disruptions.together(
                disruptions.redis(every=1.5, what=disruptions.restarted),
                disruptions.redis(every=1.0, what=disruptions.disconnected),
            ),
        ),
        casting=Casting(projects=4, fsync="always", settings=_BRISK),
    ),
)
"""Played by every `make test`."""
