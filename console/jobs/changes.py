"""Archives, holds and releases jobs."""

from __future__ import annotations

from typing import NoReturn

from console.command import Bridge
from console.jobs import verbs
from console.jobs.choice import Choice, Known, carry_out
from cwbridge.queue.queue import JobChange


def change(kind: JobChange, choice: Choice, *, dry_run: bool, as_json: bool) -> NoReturn:
    """Change the chosen jobs without starting them."""

    async def act(bridge: Bridge, found: list[str], _: Known) -> list[str]:
        return await bridge.queue.change_each(kind, found)

    carry_out(verbs.BY_CHANGE[kind], choice, act, dry_run=dry_run, as_json=as_json)
