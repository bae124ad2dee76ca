"""What the transport needs to know about a system, and the bounds of its calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from cwbridge import errors
from cwbridge.connectors.retry import Policy

Classify = Callable[[int, Mapping[str, str], bytes], errors.WorkError | None]


class Profile(msgspec.Struct, frozen=True):
    """One outside system, as the transport sees it.

    `classify` maps status, headers and body of a refusal to an exception, or to None when it is not the system that
    answered. `throttle_seconds` is the pause after a 429 that names none.
    """

    name: str
    title: str
    classify: Classify
    throttle_seconds: float = 30.0


class Bounds(msgspec.Struct, frozen=True):
    """How long an answer may take and be, and how often a call is repeated."""

    timeout_seconds: float = 60.0
    max_response_bytes: int = 32 * 1024 * 1024
    policy: Policy = Policy()
