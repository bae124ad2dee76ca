"""Lanes: how urgent a job is, for the queue and for the limiters."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, Literal

Lane = Literal["interactive", "fresh", "backlog"]

LANES: Final[tuple[Lane, ...]] = ("interactive", "fresh", "backlog")
"""From the most urgent: what a person waits for; what has just changed; bulk work such as a full sync."""

RANK: Final[dict[Lane, int]] = {lane: rank for rank, lane in enumerate(LANES)}

CURRENT: ContextVar[Lane] = ContextVar("cwbridge_lane", default="fresh")
"""The lane of the job under way; a limiter orders its waiters by it."""
