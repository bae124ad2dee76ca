"""The failure of a run, as it is stored and shown."""

from __future__ import annotations

import traceback
from typing import Self

import msgspec

from cwbridge import clock, errors
from cwbridge.text import encodable

_LONGEST_TEXT = 1_000
_LONGEST_TRACE = 8_000

WORKER_DIED = "WorkerDied"
"""The `error` of a job that crashed its workers."""
WAITS_FOR_ITSELF = "WaitsForItself"
"""The `error` of a job that waits, over other jobs, for itself."""


class Failure(msgspec.Struct, frozen=True):
    """A failure for the operator; `cause` is equal for every object with the same failure."""

    work_class: errors.WorkClass
    error: str
    cause: str
    detail: str
    remedy: str
    at_ms: int
    trace: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """The failure of an exception; anything that is not a WorkError is a bug and keeps its trace."""
        if isinstance(error, errors.BridgeError):
            work_class = error.work_class if isinstance(error, errors.WorkError) else "bug"
            return cls(
                work_class=work_class,
                error=type(error).__name__,
                cause=_text(error.cause),
                detail=_text(error.detail),
                remedy=_text(error.remedy),
                at_ms=clock.now_ms(),
                trace=_trace(error) if work_class == "bug" else "",
            )
        return cls(
            work_class="bug",
            error=type(error).__name__,
            cause=f"{type(error).__name__} in {_place(error)}",
            detail=_text(str(error)),
            remedy="This is a bug in cwbridge: report it with the trace from `cwbridge jobs show`.",
            at_ms=clock.now_ms(),
            trace=_trace(error),
        )

    def dead_lettered(self, attempts: int) -> Self:
        """The same failure after the last attempt, from which only the daily retry or a requeue leads on."""
        general = self.remedy == errors.Retry.remedy_by_default
        first = "Check the other system's status." if general else self.remedy
        after = (
            f"It failed {attempts} times and is retried once a day; "
            "to retry now: cwbridge jobs requeue --class retry"
        )
        return msgspec.structs.replace(self, remedy=f"{first} {after}")

    @classmethod
    def of_store(cls, error: BaseException) -> Self:
        """Redis was away in the middle of a run."""
        return cls(
            work_class="wait",
            error=type(error).__name__,
            cause="Redis did not answer during the run",
            detail=_text(str(error)),
            remedy=errors.StoreUnavailable.remedy_by_default,
            at_ms=clock.now_ms(),
        )

    @classmethod
    def of_crashes(cls, crashes: int) -> Self:
        """The job crashed its worker `crashes` times in a row."""
        return cls(
            work_class="refused",
            error=WORKER_DIED,
            cause=f"its worker crashed {crashes} times during its run",
            detail="",
            remedy="Find out in the system log why the worker ended (out of memory?), then requeue.",
            at_ms=clock.now_ms(),
        )

    @classmethod
    def of_circle(cls) -> Self:
        """Jobs that wait for each other; the queue adds the path to the cause."""
        return cls(
            work_class="refused",
            error=WAITS_FOR_ITSELF,
            cause="It waits for itself",
            detail="",
            remedy="Remove one of the references from the data, then requeue the job.",
            at_ms=clock.now_ms(),
        )

    def blocked_by(self, key: str, refusal: Failure) -> Self:
        """The same failure for a job that waits for `key`, which is a dead letter."""
        return msgspec.structs.replace(
            self,
            cause=f"{self.cause}, which was refused: {refusal.cause}",
            remedy=f"{refusal.remedy} When {key} is synced, this job goes on by itself.",
        )


def _text(text: str) -> str:
    return encodable(text[:_LONGEST_TEXT])


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].name}, line {frames[-1].lineno}" if frames else "an unknown place"


def _trace(error: BaseException) -> str:
    return encodable("".join(traceback.format_exception(error))[-_LONGEST_TRACE:])
