"""The outcomes of a run, and the outcome that each exception of a flow leads to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import redis.exceptions

from cwbridge import errors
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue

_STORE_SECONDS = 5.0
_CREDENTIALS_SECONDS = 60.0
# The awaited key may vanish without success: archived, released, or lost with a wiped Redis.
_LOOK_AGAIN_SECONDS = 300.0
# Of several exceptions at once the most severe one decides.
_SEVERITY = {"bug": 0, "refused": 1, "retry": 2, "wait": 3}


class Succeeded(msgspec.Struct, frozen=True):
    """The object is in sync."""


class Deferred(msgspec.Struct, frozen=True):
    """It is not time yet: the job waits at no cost; without a failure the run was only broken off.

    With `waits_for` it goes on as soon as that key has succeeded, and looks again after `seconds` in any case.
    """

    seconds: float
    failure: Failure | None = None
    waits_for: Enqueue | None = None


class Retried(msgspec.Struct, frozen=True):
    """The job backs off, at the cost of an attempt."""

    failure: Failure


class DeadLettered(msgspec.Struct, frozen=True):
    """The job is dead until a requeue or a new change revives it."""

    failure: Failure


Outcome = Succeeded | Deferred | Retried | DeadLettered


def of(error: Exception) -> Outcome:
    """The outcome of a run whose flow raised `error`; of a group the most severe member decides."""
    worst = min(_members(error), key=_severity)
    match worst:
        case errors.WaitingFor():
            other = Enqueue(worst.key, worst.flow, worst.lane, worst.mode)
            return Deferred(_LOOK_AGAIN_SECONDS, Failure.of(worst), other)
        case errors.Wait():
            return Deferred(worst.seconds, Failure.of(worst))
        case errors.AuthenticationRefused():
            # The system is on hold for every job, so this one is not charged an attempt.
            on_hold = errors.SystemOnHold(worst.cause, detail=worst.detail)
            return Deferred(_CREDENTIALS_SECONDS, Failure.of(on_hold))
        case errors.Retry():
            return Retried(Failure.of(worst))
        case redis.exceptions.RedisError() | errors.StoreUnavailable():
            return Deferred(_STORE_SECONDS, Failure.of_store(worst))
        case _:
            return DeadLettered(Failure.of(worst))


def _severity(error: Exception) -> int:
    if isinstance(error, errors.WorkError):
        return _SEVERITY[error.work_class]
    if isinstance(error, redis.exceptions.RedisError | errors.StoreUnavailable):
        return _SEVERITY["wait"]
    return _SEVERITY["bug"]


def _members(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _members(member)
    else:
        yield error
