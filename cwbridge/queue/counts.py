"""Numbers of jobs by flow and state, and totals since the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import msgspec

from cwbridge.limits.lane import LANES, Lane


class FlowCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs of one flow by state."""

    due: int = 0
    scheduled: int = 0
    dispatched: int = 0
    running: int = 0
    waiting: int = 0
    dead: int = 0
    held: int = 0
    waiting_by_error: dict[str, int] = {}
    dead_by_error: dict[str, int] = {}
    oldest_pending_age_ms: dict[Lane, int] = {}
    """By lane, since the first enqueue of what is not settled yet; waiting and retrying jobs included, dead and held ones not."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs of all flows by state; `next_due_ms` is the first moment at which a scheduled or waiting one becomes due."""

    due: int
    scheduled: int
    dispatched: int
    running: int
    waiting: int
    dead: int
    held: int
    oldest_due_age_ms: int
    next_due_ms: int | None
    now_ms: int
    flows: dict[str, FlowCounts]

    @property
    def active(self) -> int:
        """Jobs that run or may start now."""
        return self.due + self.dispatched + self.running

    @classmethod
    def read(cls, answer: Sequence[Any]) -> Self:
        """From the answer of counts.lua."""
        now, upcoming, longest, states, *per_flow = answer
        counted = _counted(states)
        rows = {row[0].decode(): row[1:] for row in per_flow}
        # A key that was held before its first enqueue has no flow.
        flows = {name: _of_flow(counted, name, rows.get(name), now) for name in {*rows, *_names(counted)}}
        return cls(
            **{state: sum(getattr(flow, state) for flow in flows.values()) for state in _STATES},
            oldest_due_age_ms=now - longest if longest >= 0 else 0,
            next_due_ms=upcoming if upcoming >= 0 else None,
            now_ms=now,
            flows={name: flows[name] for name in sorted(flows)},
        )


class Counters(msgspec.Struct, frozen=True):
    """Totals since the beginning, counted in Redis because a command that ends is never scraped."""

    dead_letters: dict[tuple[str, str], int]
    """By flow and error."""
    requeues: dict[tuple[str, str], int]
    """By flow and actor: a person or a schedule."""

    @classmethod
    def read(cls, fields: Mapping[bytes, bytes]) -> Self:
        """From the hash {ns}:counters."""
        totals: dict[str, dict[tuple[str, str], int]] = {"dead_letters": {}, "requeues": {}}
        for field, total in fields.items():
            what, flow, which = field.decode().split("|")
            totals[what][flow, which] = int(total)
        return cls(**totals)


_STATES: Sequence[str] = ("due", "scheduled", "dispatched", "running", "waiting", "dead", "held")
_Counted = dict[tuple[str, str], dict[str, int]]


def _counted(flat: Sequence[bytes]) -> _Counted:
    """Numbers of jobs by flow and state, then by error."""
    counted: _Counted = {}
    for field, number in zip(flat[::2], flat[1::2], strict=True):
        flow, state, error = field.decode().split("|")
        counted.setdefault((flow, state), {})[error] = int(number)
    return counted


def _names(counted: _Counted) -> set[str]:
    return {flow for flow, _ in counted}


def _of_flow(counted: _Counted, name: str, row: Sequence[int] | None, now: int) -> FlowCounts:
    due, scheduled, *oldest = row or (0, 0)
    by_error = {state: counted.get((name, state), {}) for state in _STATES}
    return FlowCounts(
        due=due,
        scheduled=scheduled,
        **{
            state: sum(by_error[state].values())
            for state in ("dispatched", "running", "waiting", "dead", "held")
        },
        waiting_by_error=by_error["waiting"],
        dead_by_error=by_error["dead"],
        oldest_pending_age_ms={
            lane: now - since for lane, since in zip(LANES, oldest, strict=False) if since >= 0
        },
    )
