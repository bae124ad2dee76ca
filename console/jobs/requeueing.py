"""Requeues jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from console.command import Bridge
from console.jobs import verbs
from console.jobs.choice import Choice, Known, carry_out
from cwbridge.limits.lane import Lane
from cwbridge.limits.rate import Rate
from cwbridge.mode import Mode
from cwbridge.queue.job import Enqueue


def requeue(choice: Choice, *, force: bool, at_rate: Rate | None, dry_run: bool, as_json: bool) -> NoReturn:
    """Requeue the chosen jobs; named keys go into the interactive lane and are always written."""
    lane: Lane = "interactive" if choice.keys else "backlog"
    mode: Mode = "force" if choice.keys or force else "verify"

    async def act(bridge: Bridge, found: list[str], known: Known) -> list[str]:
        archived = [key for key in found if key in known and known[key].state == "archived"]
        await bridge.queue.enqueue(
            *(Enqueue(key=key, flow=bridge.flows.of_key(key).name, mode=mode) for key in archived)
        )
        # A worker may claim one of them before its delay is set; it runs again anyway.
        pauses = _pauses(found, at_rate)
        started = {*await bridge.queue.requeue_later(pauses, lane=lane, mode=mode), *archived}
        return [key for key in found if key in started]

    def more(found: list[str]) -> dict[str, Any]:
        return {"lane": lane, "spread_over_ms": max(_pauses(found, at_rate).values(), default=0)}

    carry_out(verbs.REQUEUE, choice, act, dry_run=dry_run, as_json=as_json, more=more)


def _pauses(keys: Sequence[str], at_rate: Rate | None) -> dict[str, int]:
    """The delay of each key, evenly spaced so that no window holds more starts than the rate allows."""
    if at_rate is None or at_rate.unlimited:
        return dict.fromkeys(keys, 0)
    return {key: round(number * at_rate.seconds * 1000 / at_rate.calls) for number, key in enumerate(keys)}
