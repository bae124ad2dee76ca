"""The scenarios of the billing side: the same failures, with the writes of both systems."""

from __future__ import annotations

from tests.fault import billing_encounters as encounters
from tests.fault import disruptions, points
from tests.fault.billing_points import POINTS
from tests.fault.casting import Casting
from tests.fault.scenario import Scenario, lasting, nothing

_WRITES = ("POST", "DELETE", "PATCH")
_BOTH = ("connectwise", "bss")
_LOST = disruptions.answers("lose", methods=_WRITES, probability=0.25, systems=_BOTH)
_SPOILT = disruptions.answers("half", "garble", probability=0.2, systems=_BOTH)
_FAILING = disruptions.answers("fail", "refuse", probability=0.3, systems=_BOTH)
_THROTTLED = disruptions.answers("throttle", probability=0.05, systems=_BOTH)
_SLOW = disruptions.answers("delay", probability=0.5, seconds=(0.1, 1.5), systems=_BOTH)
_QUICK = {"BSS__POLL_INTERVAL": "300ms", "CONNECTWISE__POLL_INTERVAL": "300ms"}
_ALONE = Casting(flows=("billing",))
_QUICK_POLLS = Casting(flows=("billing",), settings=_QUICK)
_DURABLE = Casting(flows=("billing",), fsync="always")
_FORGETFUL = Casting(flows=("billing",), keeps_identities=True)
_OWN_FORMS = {"trim_text": True, "format_phones": True}

SCENARIOS = (
    Scenario(name="billing-calm", story="edits only", act=lasting(8, nothing), casting=_ALONE),
    Scenario(
        name="billing-own-forms",
        story="kills while both servers store texts and numbers in their own form",
        act=lasting(15, disruptions.killing(every=0.4)),
        casting=Casting(flows=("billing",), modes={"bss": _OWN_FORMS, "connectwise": _OWN_FORMS}),
    ),
    Scenario(
        name="billing-kill-workers",
        story="kill -9 of workers at random moments",
        act=lasting(20, disruptions.killing("worker", every=0.2)),
        casting=Casting(flows=("billing",), workers=3),
        runs=4,
    ),
    Scenario(
        name="billing-kill-producers",
        story="kill -9 of producers at random moments",
        act=lasting(15, disruptions.killing("producers", every=0.25)),
        casting=Casting(flows=("billing",), producers=2),
        runs=2,
    ),
    Scenario(
        name="billing-kill-everything",
        story="kill -9 of all processes at once, at times with Redis",
        act=lasting(20, disruptions.killing_everything(every=1.5)),
        casting=_DURABLE,
        runs=2,
    ),
    Scenario(
        name="billing-kill-at-points",
        story="kill -9 before and after each kind of write to either system",
        act=points.kill_at_each_point(POINTS),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="billing-lose-at-points",
        story="the answer of each kind of write to either system lost, cut in half, garbled",
        act=points.lose_at_each_point(POINTS, "lose", "half", "garble"),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="billing-edited-during-apply",
        story="both sides of a pair saved while one is written",
        act=encounters.edited_during_apply(times=8),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="billing-edited-during-kill",
        story="both sides of a pair saved while its worker is killed in the middle of a write",
        act=encounters.edited_during_apply(times=8, killed=True),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="billing-edited-after-create",
        story="a record and its origin edited after the worker that made it was killed",
        act=encounters.edited_after_a_create(times=8),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="billing-made-on-both-sides",
        story="an account made by another user while the worker makes one of that name",
        act=encounters.made_on_both_sides(times=3),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="billing-lease-overtaken",
        story="a stopped worker wakes up after another has finished its work",
        act=encounters.overtaken(times=4),
        casting=Casting(flows=("billing",), workers=1),
        runs=2,
    ),
    Scenario(
        name="billing-wiped-during-creation",
        story="FLUSHALL while a record is being made",
        act=encounters.wiped_during_creation(times=8),
        casting=Casting(flows=("billing",), workers=3, settings={**_QUICK, "QUEUE__LEASE_DURATION": "15s"}),
        runs=2,
    ),
    Scenario(
        name="billing-tokens",
        story="access tokens that end every 2 s or at once, a token endpoint that fails",
        act=lasting(15, disruptions.ending_tokens(every=0.7)),
        casting=Casting(flows=("billing",), modes={"bss": {"token_seconds": 2}}),
        runs=2,
    ),
    Scenario(
        name="billing-lost-answers",
        story="one write in four takes effect unanswered",
        act=lasting(15, _LOST),
        casting=_ALONE,
        runs=2,
    ),
    Scenario(
        name="billing-spoilt-answers",
        story="half and garbled answers to reads and writes",
        act=lasting(15, _SPOILT),
        casting=_ALONE,
    ),
    Scenario(
        name="billing-failing-servers",
        story="5xx, HTML error pages, refused connections on both sides",
        act=lasting(15, _FAILING),
        casting=_ALONE,
        runs=2,
    ),
    Scenario(
        name="billing-throttled",
        story="429 of ConnectWise and 403 of BSS",
        act=lasting(15, _THROTTLED),
        casting=_ALONE,
    ),
    Scenario(
        name="billing-slow-answers", story="answers up to 1.5 s late", act=lasting(15, _SLOW), casting=_ALONE
    ),
    Scenario(
        name="billing-redis-restarted",
        story="kill -9 of Redis, back at once or after seconds",
        act=lasting(20, disruptions.redis(every=3.0, what=disruptions.restarted)),
        casting=_DURABLE,
    ),
    Scenario(
        name="billing-redis-paused",
        story="Redis hangs for up to two leases",
        act=lasting(20, disruptions.redis(every=2.5, what=disruptions.paused)),
        casting=_ALONE,
    ),
    Scenario(
        name="billing-redis-wiped",
        story="FLUSHALL",
        act=lasting(20, disruptions.redis(every=1.5, what=disruptions.wiped)),
        casting=_FORGETFUL,
        runs=2,
    ),
    Scenario(
        name="billing-redis-disconnected",
        story="connections cut, Redis unreachable for up to 3 s",
        act=lasting(20, disruptions.redis(every=2.0, what=disruptions.disconnected)),
        casting=_ALONE,
    ),
    Scenario(
        name="billing-redis-power-cut",
        story="Redis back without its last second",
        act=lasting(20, disruptions.redis(every=2.0, what=disruptions.without_power)),
        casting=_FORGETFUL,
        runs=2,
    ),
    Scenario(
        name="billing-sleeping-worker",
        story="a worker stopped beyond its lease during an apply, then going on",
        act=lasting(20, disruptions.sleeping_workers(every=0.5)),
        casting=Casting(flows=("billing",), workers=3),
        runs=2,
    ),
    Scenario(
        name="billing-storm",
        story="all of the above in turn and together, with kills",
        act=lasting(
            30,
            disruptions.together(
                disruptions.killing(every=0.6),
                disruptions.in_turn(
                    _LOST,
                    _SPOILT,
                    _FAILING,
                    _THROTTLED,
                    _SLOW,
                    disruptions.moving_code_base,
                    disruptions.ending_tokens(every=0.5),
                    disruptions.sleeping_workers(every=0.3),
                    disruptions.redis(every=1.0, what=disruptions.disconnected),
                    disruptions.redis(every=1.0, what=disruptions.paused),
                    disruptions.redis(every=1.0, what=disruptions.restarted),
                ),
            ),
        ),
        casting=Casting(flows=("billing",), workers=3, producers=2, fsync="always"),
        runs=2,
    ),
    Scenario(
        name="both-flows",
        story="projects, accounts and companies at once, with kills and lost answers",
        act=lasting(
            20,
            disruptions.together(
                disruptions.killing(every=0.4),
                disruptions.in_turn(
                    disruptions.answers(
                        "lose", methods=_WRITES, probability=0.2, systems=("connectwise", "bss")
                    ),
                    disruptions.answers("fail", probability=0.2, systems=("connectwise", "jetbuilt", "bss")),
                ),
            ),
            edits_every=0.1,
        ),
        casting=Casting(flows=("opportunity", "billing"), projects=3, workers=3),
        runs=2,
    ),
)

SHORT = (
    Scenario(
        name="billing: kills",
        story="kill -9 of anybody at random moments",
        act=lasting(4, disruptions.killing(every=0.2)),
        casting=Casting(flows=("billing",), accounts=4, settings=_QUICK),
    ),
    Scenario(
        name="billing: edited during an apply",
        story="both sides of a pair saved while one is written",
        act=encounters.edited_during_apply(times=2),
        casting=Casting(flows=("billing",), accounts=3, settings=_QUICK),
    ),
)
"""Played by every `make test`."""
