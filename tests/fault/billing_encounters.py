"""Two things at the same time that must not meet on the billing side: staged move by move, so that they do meet."""

from __future__ import annotations

import asyncio
from functools import partial

from sandbox.faults import Action
from tests.fault import failovers, held_writes
from tests.fault.billing_edits import BillingEditor
from tests.fault.held_writes import HeldWrite, overtake
from tests.fault.stage import Act, Stage

_MADE_SECONDS = 3.0
_HOLDS: tuple[Action, ...] = ("hold_before", "hold_after")
_COMPANY_CHANGED = HeldWrite("connectwise", "PATCH", "/company/companies/*")
_ACCOUNT_CHANGED = HeldWrite("bss", "PATCH", "/accounts/*")
_COMPANY_MADE = HeldWrite("connectwise", "POST", "/company/companies")
_CONTACT_MADE = HeldWrite("connectwise", "POST", "/company/contacts")
_ACCOUNT_MADE = HeldWrite("bss", "POST", "/accounts")
_PERSON_MADE = HeldWrite("bss", "POST", "/contacts")
_WRITES = ((_COMPANY_CHANGED, "bss", "connectwise"), (_ACCOUNT_CHANGED, "connectwise", "bss"))
"""A kind of write, the side whose edit leads to it, and the side that is written."""


def edited_during_apply(*, times: int, killed: bool = False) -> Act:
    """A pair is saved again while one side of it is being written: that side, or both; with `killed` the worker does not go on."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(BillingEditor)
        for number in range(times):
            await stage.settled()
            write, side, written = _WRITES[number % 2]
            pair = editor.some_pair()
            write.hold(stage, stage.dice.choice(_HOLDS))
            editor.make(BillingEditor.change_pair, pair, side, "phone")
            await write.reached(stage, "edit during an apply")
            # On the side that is written the edit may be hidden by the write: that side alone every other time.
            field = stage.dice.choice(("phone", "fax"))
            editor.make(BillingEditor.change_pair, pair, written, field)
            if number % 4 >= 2:
                editor.make(BillingEditor.change_pair, pair, side, stage.dice.choice(("webSite", field)))
                await stage.polled(0 if killed else 2)
            if killed:
                stage.fleet.kill_all("worker")
            stage.disarm("held")

    return act


_CREATES = (
    (_COMPANY_MADE, BillingEditor.begin_account),
    (_CONTACT_MADE, BillingEditor.begin_person),
    (_ACCOUNT_MADE, BillingEditor.begin_company),
    (_PERSON_MADE, BillingEditor.begin_contact),
)


def edited_after_a_create(*, times: int) -> Act:
    """A worker is killed right after it made a record; what it was made from, and the record itself, are edited before the next run."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(BillingEditor)
        for number in range(times):
            await stage.settled()
            write, begin = _CREATES[number % len(_CREATES)]
            write.hold(stage, "hold_after")
            editor.make(begin)
            await write.reached(stage, "kill after a create")
            editor.make(BillingEditor.change_newest, write.system, write.path)
            stage.fleet.kill_all("worker")
            stage.disarm("held")

    return act


def lost_after_a_create(*, times: int) -> Act:
    """The replicas of Redis are cut off around a create, which may not be made then; if it is, the record is edited before the failover."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(BillingEditor)
        for number in range(times):
            await stage.settled()
            write, begin = _CREATES[number % len(_CREATES)]
            write.hold(stage, "hold_after")
            waits_for_replicas = stage.dice.random() < 0.5
            if waits_for_replicas:
                editor.make(begin)
                await asyncio.sleep(stage.dice.uniform(0, 0.8))
            former = await failovers.cut_off(stage)
            if not waits_for_replicas:
                editor.make(begin)
            if await write.comes(stage, within=_MADE_SECONDS):
                editor.make(BillingEditor.change_newest, write.system, write.path)
            stage.fleet.kill_all("worker")
            await failovers.lose(stage, former)
            stage.disarm("held")

    return act


def made_on_both_sides(*, times: int) -> Act:
    """An account and a company are made as one by other users; then another user makes an account in BSS while a worker makes one of that name."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(BillingEditor)
        for _ in range(times):
            editor.make(BillingEditor.begin_twins)
            await stage.settled()
            _ACCOUNT_MADE.hold(stage, "hold_before")
            editor.make(BillingEditor.begin_company)
            await _ACCOUNT_MADE.reached(stage, "account made on both sides")
            editor.make(BillingEditor.claim_newest_company)
            await stage.polled(3)
            stage.disarm("held")

    return act


def overtaken(*, times: int) -> Act:
    """The only worker is stopped during an apply; another takes over and finishes a newer version; then the first wakes up."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(BillingEditor)
        for number in range(times):
            await stage.settled()
            write, side, _ = _WRITES[number % 2]
            pair = editor.some_pair()
            write.hold(stage, "hold_before")
            editor.make(BillingEditor.change_pair, pair, side, "phone")
            await write.reached(stage, "worker overtaken during an apply")
            await overtake(stage, partial(editor.make, BillingEditor.change_pair, pair, side, "phone"))

    return act


def wiped_during_creation(*, times: int) -> Act:
    """Redis is wiped while a worker makes a record, so that another worker begins the same."""
    creates = (_CREATES[0], _CREATES[2], _CREATES[1], _CREATES[3])
    return held_writes.wiped_during_creation(BillingEditor, creates, times=times)
