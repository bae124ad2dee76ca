"""Single defences of documents, each with a way to take it out of a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cwbridge import concurrency
from tests.fault.patching import replace
from worker.billing import payment_matching
from worker.billing.document_finder import DocumentFinder
from worker.billing.subscription_finder import SubscriptionFinder
from worker.psa.line_writer import LineWriter


async def _nobody(*_given: Any, **_named: Any) -> None:
    return None


def _no_look_up_of_documents() -> None:
    """An order or invoice without a link is created without a look at what ConnectWise has."""
    replace(DocumentFinder, "find", _nobody)


def _no_look_up_of_additions() -> None:
    """The same for a subscription."""
    replace(SubscriptionFinder, "find", _nobody)
    replace(SubscriptionFinder, "in_agreement", _nobody)


def _no_matching_of_payments() -> None:
    """A payment that does not say which one it is, is none of BSS."""

    def nothing(*_given: Any) -> None:
        return None

    replace(payment_matching, "equal", nothing)


def _no_first_line() -> None:
    """All lines are written and deleted side by side, whatever becomes of the new ones."""

    async def carry_out(writer: Any, step: Any) -> None:
        deletes = [writer._delete(line) for line in step.deletes]
        creates = [writer._create(line) for line in step.creates]
        await concurrency.gather_limited([*deletes, *creates], limit=writer._concurrency)
        writer._raise_refusal()

    replace(LineWriter, "_carry_out", carry_out)


WITHOUT: dict[str, Callable[[], None]] = {
    "the look-up before a create of an invoice": _no_look_up_of_documents,
    "the look-up before a create of an addition": _no_look_up_of_additions,
    "the matching of payments by amount and day": _no_matching_of_payments,
    "the first line alone": _no_first_line,
}
