"""The scenarios of the billing side: the same failures, with the writes of both systems."""

from __future__ import annotations

from tests.fault import billing_encounters as encounters
from tests.fault import disruptions, points
from tests.fault.billing_points import POINTS
from tests.fault.casting import Casting
from tests.fault.scenario import Scenario, lasting, nothing
from tests.fault.usual_scenarios import BOTH, QUICK, SLOW, Usual, side_by_side

USUAL = Usual(part="billing", written=BOTH)
_ALONE = Casting(flows=("billing",))
_QUICK_POLLS = Casting(flows=("billing",), settings=QUICK)
_DURABLE = Casting(flows=("billing",), fsync="always")
_SENTINEL = Casting(
    flows=("billing",), settings=QUICK, keeps_identities=True, sentinel={"min-replicas-to-write": "0"}
)
_OWN_FORMS = {"trim_text": True, "format_phones": True}

SCENARIOS = (
    Scenario(name="billing-calm", story="edits only", act=lasting(8, nothing), casting=_ALONE),
    Scenario(
        name="billing-own-forms",
        story="kills while both servers store texts and numbers in their own form",
        act=lasting(15, disruptions.killing(every=0.4)),
        casting=Casting(flows=("billing",), modes={"bss": _OWN_FORMS, "connectwise": _OWN_FORMS}),
    ),
    USUAL.kill_workers(),
    USUAL.kill_producers(runs=2),
    USUAL.kill_everything(),
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
        name="billing-failover-after-create",
        story="a record made while the replicas of Redis are cut off, edited, and the primary killed",
        act=encounters.lost_after_a_create(times=6),
        casting=_SENTINEL,
        runs=2,
    ),
    Scenario(
        name="billing-made-on-both-sides",
        story="an account made by another user while the worker makes one of that name",
        act=encounters.made_on_both_sides(times=3),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    USUAL.lease_overtaken(encounters.overtaken(times=4)),
    USUAL.wiped_during_creation(encounters.wiped_during_creation(times=8)),
    Scenario(
        name="billing-tokens",
        story="access tokens that end every 2 s or at once, a token endpoint that fails",
        act=lasting(15, disruptions.ending_tokens(every=0.7)),
        casting=Casting(flows=("billing",), modes={"bss": {"token_seconds": 2}}),
        runs=2,
    ),
    USUAL.lost_answers(),
    USUAL.spoilt_answers(),
    USUAL.failing_servers(),
    USUAL.throttled(),
    Scenario(
        name="billing-slow-answers", story="answers up to 1.5 s late", act=lasting(15, SLOW), casting=_ALONE
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
    USUAL.redis_wiped(),
    Scenario(
        name="billing-redis-disconnected",
        story="connections cut, Redis unreachable for up to 3 s",
        act=lasting(20, disruptions.redis(every=2.0, what=disruptions.disconnected)),
        casting=_ALONE,
    ),
    USUAL.redis_power_cut(),
    USUAL.sleeping_worker(),
    USUAL.storm(),
    side_by_side(
        "both-flows",
        "projects, accounts and companies at once, with kills and lost answers",
        Casting(flows=("opportunity", "billing"), projects=3, workers=3),
    ),
)

SHORT = (
    Scenario(
        name="billing: kills",
        story="kill -9 of anybody at random moments",
        act=lasting(4, disruptions.killing(every=0.2)),
        casting=Casting(flows=("billing",), accounts=4, settings=QUICK),
    ),
    Scenario(
        name="billing: edited during an apply",
        story="both sides of a pair saved while one is written",
        act=encounters.edited_during_apply(times=2),
        casting=Casting(flows=("billing",), accounts=3, settings=QUICK),
    ),
)
"""Played by every `make test`."""
