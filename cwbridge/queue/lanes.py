"""Lanes of the queue: what is claimed first; they are also those of the limiters."""

from __future__ import annotations

from cwbridge.limits.lane import LANES, RANK, Lane

__all__ = ["LANES", "RANK", "Lane"]
