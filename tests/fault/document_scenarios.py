"""The scenarios of documents: the same failures, with products, orders, invoices, payments and subscriptions."""

from __future__ import annotations

from tests.fault import disruptions, points
from tests.fault import document_encounters as encounters
from tests.fault.casting import Casting
from tests.fault.document_points import PAYMENTS, POINTS
from tests.fault.scenario import Scenario, lasting, nothing

_WRITES = ("POST", "DELETE", "PATCH")
_BOTH = ("connectwise", "bss")
_LOST = disruptions.answers("lose", methods=_WRITES, probability=0.25)
_SPOILT = disruptions.answers("half", "garble", probability=0.2, systems=_BOTH)
_FAILING = disruptions.answers("fail", "refuse", probability=0.3, systems=_BOTH)
_THROTTLED = disruptions.answers("throttle", probability=0.05, systems=_BOTH)
_SLOW = disruptions.answers("delay", probability=0.5, seconds=(0.1, 1.5), systems=_BOTH)
_QUICK = {"BSS__POLL_INTERVAL": "300ms", "CONNECTWISE__POLL_INTERVAL": "300ms"}
_ALONE = Casting(flows=("documents",))
_QUICK_POLLS = Casting(flows=("documents",), settings=_QUICK)
_FORGETFUL = Casting(flows=("documents",), keeps_identities=True)
_DURABLE = Casting(flows=("documents",), fsync="always")
_NAMELESS = Casting(flows=("documents",), settings=_QUICK, modes={"connectwise": {"applied_by": "drop"}})
"""Payments do not say which one of BSS they are."""

SCENARIOS = (
    Scenario(name="documents-calm", story="edits only", act=lasting(12, nothing), casting=_ALONE),
    Scenario(
        name="documents-kill-workers",
        story="kill -9 of workers at random moments",
        act=lasting(20, disruptions.killing("worker", every=0.2)),
        casting=Casting(flows=("documents",), workers=3),
        runs=4,
    ),
    Scenario(
        name="documents-kill-producers",
        story="kill -9 of producers at random moments",
        act=lasting(15, disruptions.killing("producers", every=0.25)),
        casting=Casting(flows=("documents",), producers=2),
    ),
    Scenario(
        name="documents-kill-everything",
        story="kill -9 of all processes at once, at times with Redis",
        act=lasting(20, disruptions.killing_everything(every=1.5)),
        casting=_DURABLE,
        runs=2,
    ),
    Scenario(
        name="documents-kill-at-points",
        story="kill -9 before and after each kind of write",
        act=points.kill_at_each_point(POINTS),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="documents-lose-at-points",
        story="the answer of each kind of write lost, cut in half, garbled",
        act=points.lose_at_each_point(POINTS, "lose", "half", "garble"),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="documents-edited-during-apply",
        story="an invoice saved again while its lines are written",
        act=encounters.edited_during_apply(times=6),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="documents-edited-during-kill",
        story="an invoice saved again while its worker is killed in the middle of its lines",
        act=encounters.edited_during_apply(times=6, killed=True),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="documents-edited-after-create",
        story="a document edited after the worker that made its record was killed",
        act=encounters.edited_after_a_create(times=8),
        casting=_QUICK_POLLS,
        runs=2,
    ),
    Scenario(
        name="documents-lease-overtaken",
        story="a stopped worker wakes up after another has finished its work",
        act=encounters.overtaken(times=3),
        casting=Casting(flows=("documents",), workers=1),
        runs=2,
    ),
    Scenario(
        name="documents-wiped-during-creation",
        story="FLUSHALL while a record is being made",
        act=encounters.wiped_during_creation(times=8),
        casting=Casting(flows=("documents",), workers=3, settings={**_QUICK, "QUEUE__LEASE_DURATION": "15s"}),
        runs=2,
    ),
    Scenario(
        name="documents-applied-by-dropped",
        story="the answers of payments lost where ConnectWise does not keep which payment it is",
        act=points.lose_at_each_point((*PAYMENTS, *PAYMENTS), "lose", "half", "garble"),
        casting=_NAMELESS,
        runs=2,
    ),
    Scenario(
        name="documents-applied-by-killed",
        story="kill -9 around payments where ConnectWise does not keep which payment it is",
        act=points.kill_at_each_point((*PAYMENTS, *PAYMENTS)),
        casting=_NAMELESS,
        runs=2,
    ),
    Scenario(
        name="documents-lost-answers",
        story="one write in four takes effect unanswered",
        act=lasting(15, _LOST),
        casting=_ALONE,
        runs=2,
    ),
    Scenario(
        name="documents-spoilt-answers",
        story="half and garbled answers to reads and writes",
        act=lasting(15, _SPOILT),
        casting=_ALONE,
    ),
    Scenario(
        name="documents-failing-servers",
        story="5xx, HTML error pages, refused connections on both sides",
        act=lasting(15, _FAILING),
        casting=_ALONE,
        runs=2,
    ),
    Scenario(
        name="documents-throttled",
        story="429 of ConnectWise and 403 of BSS",
        act=lasting(15, _THROTTLED),
        casting=_ALONE,
    ),
    Scenario(
        name="documents-inventory-auditing",
        story="auditing switched on and off during an apply",
        act=lasting(15, disruptions.auditing),
        casting=_ALONE,
    ),
    Scenario(
        name="documents-redis-wiped",
        story="FLUSHALL",
        act=lasting(20, disruptions.redis(every=1.5, what=disruptions.wiped)),
        casting=_FORGETFUL,
        runs=2,
    ),
    Scenario(
        name="documents-redis-power-cut",
        story="Redis back without its last second",
        act=lasting(20, disruptions.redis(every=2.0, what=disruptions.without_power)),
        casting=_FORGETFUL,
        runs=2,
    ),
    Scenario(
        name="documents-sleeping-worker",
        story="a worker stopped beyond its lease during an apply, then going on",
        act=lasting(20, disruptions.sleeping_workers(every=0.5)),
        casting=Casting(flows=("documents",), workers=3),
        runs=2,
    ),
    Scenario(
        name="documents-storm",
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
        casting=Casting(flows=("documents",), workers=3, producers=2, fsync="always"),
        runs=2,
    ),
    Scenario(
        name="all-parts",
        story="projects, accounts and documents at once, with kills and lost answers",
        act=lasting(
            20,
            disruptions.together(
                disruptions.killing(every=0.4),
                disruptions.in_turn(
                    disruptions.answers("lose", methods=_WRITES, probability=0.2, systems=_BOTH),
                    disruptions.answers("fail", probability=0.2, systems=("connectwise", "jetbuilt", "bss")),
                ),
            ),
            edits_every=0.1,
        ),
        casting=Casting(
            flows=("opportunity", "billing", "documents"),
            projects=3,
            accounts=4,
            workers=3,
            keeps_identities=True,
        ),
        runs=2,
    ),
)

SHORT = (
    Scenario(
        name="documents: kills",
        story="kill -9 of anybody at random moments",
        act=lasting(4, disruptions.killing(every=0.2)),
        casting=Casting(flows=("documents",), accounts=3, settings=_QUICK),
    ),
)
"""Played by every `make test`."""
