"""Lanes: what is served first, in the queue and by the limiters."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, Literal

Lane = Literal["interactive", "fresh", "backlog"]

LANES: Final[tuple[Lane, ...]] = ("interactive", "fresh", "backlog")
"""From the most urgent: a person waits for it; it has just changed; there is much of it and no hurry."""

RANK: Final[dict[Lane, int]] = {lane: rank for rank, lane in enumerate(LANES)}

CURRENT: ContextVar[Lane] = ContextVar("cwbridge_lane", default="fresh")
"""The lane of the job under way; a limiter orders its waiters by it."""
