"""`cwbridge explain`: one page about one object, and what a run would do now."""

from __future__ import annotations

import logging
from typing import NoReturn

from rich.console import Console

from console import exit_codes, explanation, output, rehearsed
from console.command import Bridge, keys_of, on_store
from console.explanation import Explanation
from console.jobs import showing
from cwbridge.queue.failure import Failure
from cwbridge.rehearsal import Rehearsal


def command(key: str, *, stored: bool, as_json: bool) -> NoReturn:
    """Print what is known about the object of `key`; exit 0, or 1 when a run would fail or cannot be rehearsed."""

    async def act(bridge: Bridge) -> int:
        (name,) = keys_of(bridge.flows, [key])
        # A rehearsed run logs what it does like any other, and did nothing of it.
        logging.getLogger().setLevel(logging.WARNING)
        told = await explanation.explain(bridge, name, now=not stored)
        if as_json:
            # The values of a write are those that would be sent.
            output.as_json(told, decimal_format="number")
        else:
            _print(told)
        failed = told.unknown_now is not None or (told.now is not None and told.now.failure is not None)
        return exit_codes.FAILED if failed else exit_codes.SETTLED

    # Before its first run a daemon has kept nothing; a rehearsal can be made all the same.
    on_store(act, keys=[key], create=not stored)


def _print(told: Explanation) -> None:
    console = output.console()
    showing.print_known(console, told.known)
    for title, address in told.pages.items():
        console.print(f"  {output.escape(title)}: {output.escape(address)}")
    if told.now is not None:
        _print_rehearsal(console, told.now)
    if told.unknown_now is not None:
        console.print("[bold]A run cannot be rehearsed.[/bold]")
        _print_failure(console, told.unknown_now)


def _print_rehearsal(console: Console, found: Rehearsal) -> None:
    console.print(f"[bold]{rehearsed.summary(found)}[/bold]")
    for number, line in enumerate(rehearsed.lines(found), start=1):
        console.print(f"  {number:>3}  {output.escape(line)}")
    for key in found.enqueues:
        console.print(f"  It would enqueue {output.escape(key)}.")
    if found.event is not None and found.failure is None:
        for match in found.event.matches:
            console.print(f"  It would be matched: {output.escape(rehearsed.with_new_ids(match))}")
        for discrepancy in found.event.discrepancies:
            console.print(f"  It would report: {output.escape(rehearsed.with_new_ids(discrepancy))}")
        if found.event.cause:
            console.print(f"  It would end: {found.event.what}, {output.escape(found.event.cause)}")
    if found.failure is not None:
        console.print(f"  {rehearsed.ENDS_WITH}")
        _print_failure(console, found.failure)


def _print_failure(console: Console, failure: Failure) -> None:
    detail = f" ({failure.detail})" if failure.detail else ""
    console.print(
        f"  {failure.work_class}: {failure.error}: {output.escape(rehearsed.with_new_ids(failure.cause + detail))}"
    )
    console.print(f"  remedy   {output.escape(failure.remedy)}")
