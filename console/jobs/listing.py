"""`cwbridge jobs list`: outstanding work by cause, or each job by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from console import exit_codes, output
from console.jobs import wording
from console.jobs.filters import Filters, filtered, why_none
from console.options import AsJson, Limit

if TYPE_CHECKING:
    from console.command import Bridge
    from cwbridge.queue.job import Job
    from cwbridge.queue.selection import Group, Selection

_SHOWN = 200
"""How many jobs `--each` lists without --limit."""
_READ = 10_000
"""How many jobs are read for the list by cause without --limit: it must not take seconds however many there are."""


@filtered
def list_jobs(
    filters: Filters,
    each: Annotated[bool, typer.Option("--each", help="One line per job instead of one per cause.")] = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List jobs that are not settled, grouped by cause, with number, age and remedy."""
    from console.command import on_store  # noqa: PLC0415 - `--help` needs no queue

    async def act(bridge: Bridge) -> int:
        chosen = filters.selection(bridge.flows)
        if each:
            await _list_each(bridge, chosen, limit, as_json=as_json)
        else:
            await _list_groups(bridge, chosen, limit, as_json=as_json)
        return exit_codes.SETTLED

    on_store(act)


def print_groups(groups: Sequence[Group]) -> None:
    """Print each cause: how many jobs, the cause, the remedy, a few of the keys."""
    console = output.console()
    for group in groups:
        noun = "job" if group.jobs == 1 else "jobs"
        states = ", ".join(f"{count} {state}" for state, count in sorted(group.states.items()))
        head = f"[bold]{group.jobs} {noun}[/bold]  {group.work_class or 'no failure'}"
        said = f"  {output.escape(group.cause)}  ->  {output.escape(group.remedy)}" if group.cause else ""
        console.print(head + said)
        what = "archived" if set(group.states) == {"archived"} else "enqueued"
        console.print(f"    {states}; the oldest {what} {output.age(group.oldest_age_ms)} ago", end="")
        console.print(f"; goes on {output.moment(group.next_due_ms)}" if group.next_due_ms else "", end="")
        console.print(f"; group {group.id}" if group.id else "")
        if group.held:
            console.print(f"    {group.held} held until released  ->  cwbridge jobs release KEY")
        more = ", ..." if group.jobs > len(group.examples) else ""
        console.print(f"    {output.escape(', '.join(group.examples))}{more}")


async def _list_groups(bridge: Bridge, chosen: Selection, limit: int | None, *, as_json: bool) -> None:
    from cwbridge.queue import selection  # noqa: PLC0415 - as above

    read = limit if limit is not None or as_json else _READ
    groups = await selection.grouped(bridge.queue, chosen, limit=read)
    if as_json:
        output.as_json(groups)
        return
    if not groups:
        output.console().print(await why_none(bridge.queue, chosen))
        return
    print_groups(groups)
    if limit is None and sum(group.jobs for group in groups) == _READ:
        output.console().print(f"Only the first {_READ} jobs were read (--limit N reads more, --json all).")


async def _list_each(bridge: Bridge, chosen: Selection, limit: int | None, *, as_json: bool) -> None:
    from cwbridge.queue import selection  # noqa: PLC0415 - as above

    if as_json:
        output.as_json([job async for job, _ in selection.find(bridge.queue, chosen, limit=limit)])
        return
    shown = limit or _SHOWN
    rows: list[tuple[object, ...]] = []
    # One more than is shown reveals whether there are more, without reading a hundred thousand jobs.
    async for job, now_ms in selection.find(bridge.queue, chosen, limit=shown + 1):
        rows.append(_row(job, now_ms))
    if not rows:
        output.console().print(await why_none(bridge.queue, chosen))
        return
    columns = ("key", "state", "enqueued for", "attempts", "class", "cause", "remedy")
    output.console().print(output.table("Jobs", columns, rows[:shown]))
    if len(rows) > shown:
        output.console().print(f"{shown} shown, there are more (--limit N shows more, --json all)")


def _row(job: Job, now_ms: int) -> tuple[object, ...]:
    pending = job.state in {"scheduled", "waiting"}
    state = f"{job.state}, due in {output.age(job.due_ms - now_ms)}" if pending else wording.state(job)
    return job.key, state, output.age(now_ms - job.since_ms), job.attempts, *_failure_cells(job)


def _failure_cells(job: Job) -> tuple[str, str, str]:
    """Class, cause and remedy; the remedy of a held job is its release, whatever its failure."""
    failure = job.failure
    work_class, cause, remedy = (
        (failure.work_class, failure.cause, failure.remedy) if failure is not None else ("", "", "")
    )
    held = wording.hold(job)
    if held is None:
        return work_class, cause, remedy
    since, release = held
    return work_class, "; ".join(filter(None, (since, cause))), release
