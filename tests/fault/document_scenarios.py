"""The scenarios of documents: the same failures, with products, orders, invoices, payments and subscriptions."""

from __future__ import annotations

from tests.fault import disruptions, points
from tests.fault import document_encounters as encounters
from tests.fault.casting import Casting
from tests.fault.document_points import PAYMENTS, POINTS
from tests.fault.scenario import Scenario, lasting, nothing
from tests.fault.usual_scenarios import QUICK, Usual, side_by_side

USUAL = Usual(part="documents", written=("connectwise",))
_ALONE = Casting(flows=("documents",))
_QUICK_POLLS = Casting(flows=("documents",), settings=QUICK)
_NAMELESS = Casting(flows=("documents",), settings=QUICK, modes={"connectwise": {"applied_by": "drop"}})
"""Payments do not say which one of BSS they are."""

SCENARIOS = (
    Scenario(name="documents-calm", story="edits only", act=lasting(12, nothing), casting=_ALONE),
    USUAL.kill_workers(),
    USUAL.kill_producers(),
    USUAL.kill_everything(),
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
    USUAL.lease_overtaken(encounters.overtaken(times=3)),
    USUAL.wiped_during_creation(encounters.wiped_during_creation(times=8)),
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
    USUAL.lost_answers(),
    USUAL.spoilt_answers(),
    USUAL.failing_servers(),
    USUAL.throttled(),
    Scenario(
        name="documents-inventory-auditing",
        story="auditing switched on and off during an apply",
        act=lasting(15, disruptions.auditing),
        casting=_ALONE,
    ),
    USUAL.redis_wiped(),
    USUAL.redis_power_cut(),
    USUAL.sleeping_worker(),
    USUAL.storm(),
    side_by_side(
        "all-parts",
        "projects, accounts and documents at once, with kills and lost answers",
        Casting(
            flows=("opportunity", "billing", "documents"),
            projects=3,
            accounts=4,
            workers=3,
            keeps_identities=True,
        ),
    ),
)

SHORT = (
    Scenario(
        name="documents: kills",
        story="kill -9 of anybody at random moments",
        act=lasting(4, disruptions.killing(every=0.2)),
        casting=Casting(flows=("documents",), accounts=3, settings=QUICK),
    ),
)
"""Played by every `make test`."""
