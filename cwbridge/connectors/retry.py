"""Decides what to do after a call without a usable answer; a decision is an object.

A read is repeated a few times. A write is repeated only when it is certain that it was not executed: no connection was
made. After any other failure it may have taken effect, and the caller looks at the target before it writes again.
"""

from __future__ import annotations

import random
from typing import Literal

import msgspec

from cwbridge import errors


class CallFailure(msgspec.Struct, frozen=True):
    """Why there is no usable answer; `cause` continues a sentence that begins with the name of the system.

    unsent   no connection, so nothing was executed; `hopeless` when another try cannot help
    lost     sent, then a reset, half an answer or a time-out
    failed   the system or a gateway answered 5xx
    page     a gateway or proxy in front of the system answered instead of it
    unread   a good status, but a body that cannot be read
    """

    kind: Literal["unsent", "lost", "failed", "page", "unread"]
    cause: str
    detail: str = ""
    remedy: str | None = None
    hopeless: bool = False


def gateway_page(status: int, *, detail: str) -> CallFailure:
    """A gateway or proxy answered with `status` instead of the system."""
    return CallFailure(
        "page",
        f"did not answer itself, a gateway or proxy sent status {status} instead",
        detail=detail,
        remedy="The worker tries again by itself; if the error stays, check the gateway, proxy or firewall between cwbridge and that "
        "system, and the address in the settings.",
    )


class Repeat(msgspec.Struct, frozen=True):
    """Send it again after `pause` seconds."""

    pause: float


class GiveUp(msgspec.Struct, frozen=True):
    """Raise `error`."""

    error: errors.WorkError


class Policy(msgspec.Struct, frozen=True):
    """How often a call is tried in all, and how the pauses grow: `backoff_base` seconds, doubling up to `backoff_max`, with jitter."""

    tries: int = 3
    throttles: int = 5
    backoff_base: float = 0.25
    backoff_max: float = 4.0

    def decide(self, failure: CallFailure, *, system: str, writes: bool, tries: int) -> Repeat | GiveUp:
        """Decide after try number `tries` (from 1) of a read or a write to `system`."""
        unknown = writes and failure.kind != "unsent"
        if tries < self.tries and not (unknown or failure.hopeless):
            return Repeat(self._pause(tries))
        return GiveUp(error_of(failure, system=system, writes=writes))

    def _pause(self, tries: int) -> float:
        longest = min(self.backoff_max, self.backoff_base * 2.0 ** (tries - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads callers and protects no secret


def error_of(failure: CallFailure, *, system: str, writes: bool) -> errors.Retry:
    """The exception after the last try: the outcome of a write is unknown unless it was never sent."""
    if writes and failure.kind != "unsent":
        return errors.OutcomeUnknown(
            f"A write to {system} was sent and its outcome is unknown: it {failure.cause}",
            detail=failure.detail,
            remedy=failure.remedy,
        )
    kind = errors.Unreachable if failure.kind in {"unsent", "lost"} else errors.ServerFailed
    return kind(f"{system} {failure.cause}", detail=failure.detail, remedy=failure.remedy)
