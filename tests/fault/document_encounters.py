"""Two things at the same time that must not meet on documents: staged move by move, so that they do meet."""

from __future__ import annotations

import signal

from sandbox.faults import Action, FaultRule
from tests.fault.document_aimed_edits import AimedDocumentEditor as Editor
from tests.fault.points import Method
from tests.fault.stage import Act, Stage

_REACHED_SECONDS = 6.0
_HOLDS: tuple[Action, ...] = ("hold_before", "hold_after")
_LINES = "/procurement/products"
_INVOICES, _ORDERS = "/finance/invoices", "/sales/orders"
_PAYMENTS = f"{_INVOICES}/*/payments"
_ADDITIONS = "/finance/agreements/*/additions"


def edited_during_apply(*, times: int, killed: bool = False) -> Act:
    """An invoice is saved again while its lines are written; with `killed` the worker does not go on."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(Editor)
        for _ in range(times):
            await stage.settled()
            _hold(stage, stage.dice.choice(_HOLDS), "POST", _LINES)
            invoices: list[str] = []
            editor.make(lambda one, into=invoices: into.append(one.change_pushed_item()))
            await _held(stage, "edit during an apply")
            editor.make(Editor.change_pushed_item, invoices[0])
            await stage.polled(0 if killed else 2)
            if killed:
                stage.fleet.kill_all("worker")
            stage.disarm("held")

    return act


def edited_after_a_create(*, times: int) -> Act:
    """A worker is killed right after it made a record; what it was made from is edited before the next run."""
    creates = (
        (_INVOICES, Editor.begin_sent_invoice, Editor.change_newest_invoice),
        (_ORDERS, Editor.begin_placed_order, Editor.change_newest_order),
        (_PAYMENTS, Editor.begin_payment_of_pushed, Editor.change_newest_payment),
        (_ADDITIONS, Editor.begin_subscription, Editor.change_newest_subscription),
    )

    async def act(stage: Stage) -> None:
        editor = stage.editor(Editor)
        for number in range(times):
            await stage.settled()
            path, begin, change = creates[number % len(creates)]
            _hold(stage, "hold_after", "POST", path)
            editor.make(begin)
            await _held(stage, "kill after a create")
            editor.make(change)
            stage.fleet.kill_all("worker")
            stage.disarm("held")

    return act


def overtaken(*, times: int) -> Act:
    """The only worker is stopped while it writes lines; another takes over and finishes a newer version; then the first wakes up."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(Editor)
        for _ in range(times):
            await stage.settled()
            _hold(stage, "hold_before", "POST", _LINES)
            invoices: list[str] = []
            editor.make(lambda one, into=invoices: into.append(one.change_pushed_item()))
            await _held(stage, "worker overtaken during an apply")
            (sleeper,) = stage.fleet.all("worker")
            sleeper.signal(signal.SIGSTOP)
            try:
                editor.make(Editor.change_pushed_item, invoices[0])
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
        (_INVOICES, Editor.begin_sent_invoice),
        (_ORDERS, Editor.begin_placed_order),
        (_PAYMENTS, Editor.begin_payment_of_pushed),
        (_ADDITIONS, Editor.begin_subscription),
    )

    async def act(stage: Stage) -> None:
        for number in range(times):
            await stage.settled()
            path, begin = creates[number % len(creates)]
            _hold(stage, "hold_after", "POST", path)
            stage.editor(Editor).make(begin)
            await _held(stage, "wipe during a create")
            await stage.wipe()
            await stage.polled(2)
            stage.disarm("held")

    return act


def _hold(stage: Stage, action: Action, method: Method, path: str) -> None:
    stage.box.connectwise_faults.add(FaultRule(name="held", action=action, method=method, path=path, times=1))


async def _held(stage: Stage, what: str) -> None:
    faults = stage.box.connectwise_faults
    if not await stage.until(lambda: faults.waiting("held"), within=_REACHED_SECONDS):
        stage.missed.append(what)
