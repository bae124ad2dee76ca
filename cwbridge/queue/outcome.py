"""How a run ended, and what the exceptions of a flow mean for its job."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import redis.exceptions

from cwbridge import errors
from cwbridge.queue.failure import Failure

_STORE_SECONDS = 5.0
_KEYS_SECONDS = 60.0
# Of several exceptions at once the one that asks most of a person decides.
_SEVERITY = {"bug": 0, "refused": 1, "retry": 2, "wait": 3}


class Done(msgspec.Struct, frozen=True):
    """The object is right."""


class WaitFor(msgspec.Struct, frozen=True):
    """Not time yet: parked, at no cost; without a failure the run was only broken off."""

    seconds: float
    failure: Failure | None = None


class TryAgain(msgspec.Struct, frozen=True):
    """Backed off, at the cost of an attempt."""

    failure: Failure


class GiveUp(msgspec.Struct, frozen=True):
    """Dead until a person or a new change revives it."""

    failure: Failure


Outcome = Done | WaitFor | TryAgain | GiveUp


def of(problem: Exception) -> Outcome:
    """What becomes of a job whose flow raised `problem`; of a group, its worst member decides."""
    worst = min(_members(problem), key=_severity)
    match worst:
        case errors.Wait():
            return WaitFor(worst.seconds, Failure.of(worst))
        case errors.AuthenticationRefused():
            # Its system is stopped for everybody; who happened to notice is no worse off than those who wait for it.
            stopped = errors.SystemStopped(worst.cause, detail=worst.detail)
            return WaitFor(_KEYS_SECONDS, Failure.of(stopped))
        case errors.Retry():
            return TryAgain(Failure.of(worst))
        case redis.exceptions.RedisError() | errors.StoreUnavailable():
            return WaitFor(_STORE_SECONDS, Failure.of_store(worst))
        case _:
            return GiveUp(Failure.of(worst))


def _severity(problem: Exception) -> int:
    if isinstance(problem, errors.WorkError):
        return _SEVERITY[problem.work_class]
    if isinstance(problem, redis.exceptions.RedisError | errors.StoreUnavailable):
        return _SEVERITY["wait"]
    return _SEVERITY["bug"]


def _members(problem: Exception) -> Iterator[Exception]:
    if isinstance(problem, ExceptionGroup):
        for member in problem.exceptions:
            yield from _members(member)
    else:
        yield problem
