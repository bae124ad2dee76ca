"""Two things at the same time that must not meet on the billing side: staged move by move, so that they do meet."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from sandbox.faults import Action, FaultRule
from tests.fault.billing_edits import BillingEditor
from tests.fault.stage import Act, Stage

_REACHED_SECONDS = 6.0
_HOLDS: tuple[Action, ...] = ("hold_before", "hold_after")


@dataclass(frozen=True)
class _Write:
    """A kind of write, by the system that it goes to."""

    system: str
    method: str
    path: str

    def hold(self, stage: Stage, action: Action) -> None:
        stage.faults(self.system).add(
            FaultRule(name="held", action=action, method=self.method, path=self.path, times=1)
        )

    async def held(self, stage: Stage) -> bool:
        faults = stage.faults(self.system)
        return await stage.until(lambda: faults.waiting("held"), within=_REACHED_SECONDS)


_COMPANY_CHANGED = _Write("connectwise", "PATCH", "/company/companies/*")
_ACCOUNT_CHANGED = _Write("bss", "PATCH", "/accounts/*")
_COMPANY_MADE = _Write("connectwise", "POST", "/company/companies")
_CONTACT_MADE = _Write("connectwise", "POST", "/company/contacts")
_ACCOUNT_MADE = _Write("bss", "POST", "/accounts")
_PERSON_MADE = _Write("bss", "POST", "/contacts")
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
            if not await write.held(stage):
                stage.missed.append("edit during an apply")
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


def edited_after_a_create(*, times: int) -> Act:
    """A worker is killed right after it made a record; what it was made from, and the record itself, are edited before the next run."""
    creates = (
        (_COMPANY_MADE, BillingEditor.begin_account),
        (_CONTACT_MADE, BillingEditor.begin_person),
        (_ACCOUNT_MADE, BillingEditor.begin_company),
        (_PERSON_MADE, BillingEditor.begin_contact),
    )

    async def act(stage: Stage) -> None:
        editor = stage.editor(BillingEditor)
        for number in range(times):
            await stage.settled()
            write, begin = creates[number % len(creates)]
            write.hold(stage, "hold_after")
            editor.make(begin)
            if not await write.held(stage):
                stage.missed.append("kill after a create")
            editor.make(BillingEditor.change_newest, write.system, write.path)
            stage.fleet.kill_all("worker")
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
            if not await _ACCOUNT_MADE.held(stage):
                stage.missed.append("account made on both sides")
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
            if not await write.held(stage):
                stage.missed.append("worker overtaken during an apply")
            (sleeper,) = stage.fleet.all("worker")
            sleeper.signal(signal.SIGSTOP)
            try:
                editor.make(BillingEditor.change_pair, pair, side, "phone")
                other = stage.fleet.command("worker")
                await stage.settled()
                stage.fleet.kill(other)
            finally:
                sleeper.signal(signal.SIGCONT)
                stage.disarm("held")

    return act


def wiped_during_creation(*, times: int) -> Act:
    """Redis is wiped while a worker makes a record, so that another worker begins the same."""
    creates = (
        (_COMPANY_MADE, BillingEditor.begin_account),
        (_ACCOUNT_MADE, BillingEditor.begin_company),
        (_CONTACT_MADE, BillingEditor.begin_person),
        (_PERSON_MADE, BillingEditor.begin_contact),
    )

    async def act(stage: Stage) -> None:
        for number in range(times):
            await stage.settled()
            write, begin = creates[number % len(creates)]
            write.hold(stage, "hold_after")
            stage.editor(BillingEditor).make(begin)
            if not await write.held(stage):
                stage.missed.append("wipe during a create")
            await stage.wipe()
            await stage.polled(2)
            stage.disarm("held")

    return act
