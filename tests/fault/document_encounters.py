"""Two things at the same time that must not meet on documents: staged move by move, so that they do meet."""

from __future__ import annotations

from functools import partial

from sandbox.faults import Action
from tests.fault import held_writes
from tests.fault.document_aimed_edits import AimedDocumentEditor as Editor
from tests.fault.held_writes import HeldWrite, overtake
from tests.fault.stage import Act, Stage

_HOLDS: tuple[Action, ...] = ("hold_before", "hold_after")
_LINE_MADE = HeldWrite("connectwise", "POST", "/procurement/products")
_INVOICE_MADE = HeldWrite("connectwise", "POST", "/finance/invoices")
_ORDER_MADE = HeldWrite("connectwise", "POST", "/sales/orders")
_PAYMENT_MADE = HeldWrite("connectwise", "POST", "/finance/invoices/*/payments")
_ADDITION_MADE = HeldWrite("connectwise", "POST", "/finance/agreements/*/additions")


def edited_during_apply(*, times: int, killed: bool = False) -> Act:
    """An invoice is saved again while its lines are written; with `killed` the worker does not go on."""

    async def act(stage: Stage) -> None:
        editor = stage.editor(Editor)
        for _ in range(times):
            await stage.settled()
            _LINE_MADE.hold(stage, stage.dice.choice(_HOLDS))
            invoices: list[str] = []
            editor.make(lambda one, into=invoices: into.append(one.change_pushed_item()))
            await _LINE_MADE.reached(stage, "edit during an apply")
            editor.make(Editor.change_pushed_item, invoices[0])
            await stage.polled(0 if killed else 2)
            if killed:
                stage.fleet.kill_all("worker")
            stage.disarm("held")

    return act


def edited_after_a_create(*, times: int) -> Act:
    """A worker is killed right after it made a record; what it was made from is edited before the next run."""
    creates = (
        (_INVOICE_MADE, Editor.begin_sent_invoice, Editor.change_newest_invoice),
        (_ORDER_MADE, Editor.begin_placed_order, Editor.change_newest_order),
        (_PAYMENT_MADE, Editor.begin_payment_of_pushed, Editor.change_newest_payment),
        (_ADDITION_MADE, Editor.begin_subscription, Editor.change_newest_subscription),
    )

    async def act(stage: Stage) -> None:
        editor = stage.editor(Editor)
        for number in range(times):
            await stage.settled()
            write, begin, change = creates[number % len(creates)]
            write.hold(stage, "hold_after")
            editor.make(begin)
            await write.reached(stage, "kill after a create")
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
            _LINE_MADE.hold(stage, "hold_before")
            invoices: list[str] = []
            editor.make(lambda one, into=invoices: into.append(one.change_pushed_item()))
            await _LINE_MADE.reached(stage, "worker overtaken during an apply")
            await overtake(stage, partial(editor.make, Editor.change_pushed_item, invoices[0]))

    return act


def wiped_during_creation(*, times: int) -> Act:
    """Redis is wiped while a worker makes a record, so that another worker begins the same."""
    creates = (
        (_INVOICE_MADE, Editor.begin_sent_invoice),
        (_ORDER_MADE, Editor.begin_placed_order),
        (_PAYMENT_MADE, Editor.begin_payment_of_pushed),
        (_ADDITION_MADE, Editor.begin_subscription),
    )

    return held_writes.wiped_during_creation(Editor, creates, times=times)
