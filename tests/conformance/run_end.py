"""How a run of a case ended against what the case expects of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from cwbridge.ledger.history import Event
from cwbridge.queue.job import Job
from tests.conformance import compare
from tests.conformance.compare import Difference


class ExpectedEnd(Protocol):
    """What every kind of case may say of the end of a run; None where it says nothing."""

    @property
    def result(self) -> str | None: ...
    @property
    def cause(self) -> str | None: ...
    @property
    def detail(self) -> str | None: ...
    @property
    def remedy(self) -> str | None: ...


class ExpectedEvent(Protocol):
    """What cases of the billing flow may say of the event in the history."""

    @property
    def told(self) -> str | None: ...
    @property
    def reported(self) -> list[str] | None: ...


def outcome(expect: ExpectedEnd, job: Job | None, happened: Event | None) -> Iterator[Difference]:
    """Settled with an event, or a job with cause and remedy."""
    failure = job.failure if job is not None else None
    if expect.result is not None:
        yield from compare.text("result", expect.result, happened.what if happened else "unchanged")
    elif expect.cause is None and failure is not None:
        yield Difference(
            "result", "settled", f"{job and job.state}: {failure.cause} ({failure.detail})\n{failure.trace}"
        )
    for what in ("cause", "detail", "remedy"):
        wanted = getattr(expect, what)
        if wanted is not None:
            yield from compare.part(what, wanted, getattr(failure, what) if failure else "(nothing waits)")


def event(expect: ExpectedEvent, happened: Event | None) -> Iterator[Difference]:
    """What the history tells and reports."""
    if expect.told is not None:
        yield from compare.part("told", expect.told, happened.cause if happened else "")
    if expect.reported is not None:
        yield from compare.text("reported", expect.reported, list(happened.discrepancies) if happened else [])
