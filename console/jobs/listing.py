"""`cwbridge jobs list`: outstanding work by cause, or each job by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from console import lifecycle, loading, output
from console.jobs import wording
from console.jobs.filters import Limit, filtered, why_none
from cwbridge.queue import selection as jobs
from cwbridge.queue.job import Job
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Group

_MAX_SHOWN = 200


@filtered
def list_jobs(
    chosen: jobs.Selection,
    each: Annotated[bool, typer.Option("--each", help="One line per job instead of one per cause.")] = False,
    limit: Limit = None,
    as_json: output.AsJson = False,
) -> None:
    """Jobs that are not settled, grouped by cause: how many, since when, what to do."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with lifecycle.existing_store(settings) as redis:
            queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
            if each:
                await _list_each(queue, chosen, limit, as_json=as_json)
            else:
                await _list_groups(queue, chosen, limit, as_json=as_json)
        return lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


def print_groups(groups: Sequence[Group]) -> None:
    """One cause after the other: how many jobs, what is the matter, what to do, a few of the keys."""
    console = output.console()
    for group in groups:
        noun = "job" if group.jobs == 1 else "jobs"
        states = ", ".join(f"{count} {state}" for state, count in sorted(group.states.items()))
        head = f"[bold]{group.jobs} {noun}[/bold]  {group.work_class or 'no trouble'}"
        said = f"  {output.escape(group.cause)}  ->  {output.escape(group.remedy)}" if group.cause else ""
        console.print(head + said)
        what = "archived" if set(group.states) == {"archived"} else "enqueued"
        console.print(f"    {states}; the oldest {what} {output.age(group.oldest_age_ms)} ago", end="")
        console.print(f"; goes on {output.moment(group.next_due_ms)}" if group.next_due_ms else "")
        if group.held:
            console.print(f"    {group.held} held until released  ->  cwbridge jobs release KEY")
        more = ", ..." if group.jobs > len(group.examples) else ""
        console.print(f"    {output.escape(', '.join(group.examples))}{more}")


async def _list_groups(queue: Queue, chosen: jobs.Selection, limit: int | None, *, as_json: bool) -> None:
    groups = await jobs.grouped(queue, chosen, limit=limit)
    if as_json:
        output.as_json(groups)
    elif not groups:
        output.console().print(await why_none(queue, chosen))
    else:
        print_groups(groups)


async def _list_each(queue: Queue, chosen: jobs.Selection, limit: int | None, *, as_json: bool) -> None:
    if as_json:
        output.as_json([job async for job, _ in jobs.find(queue, chosen, limit=limit)])
        return
    shown = limit or _MAX_SHOWN
    rows: list[tuple[object, ...]] = []
    count = 0
    async for job, now_ms in jobs.find(queue, chosen):
        count += 1
        if count <= shown:
            rows.append(_row(job, now_ms))
    if not rows:
        output.console().print(await why_none(queue, chosen))
        return
    columns = ("key", "state", "wanted for", "attempts", "class", "cause", "remedy")
    output.console().print(output.table("Jobs", columns, rows))
    if count > shown:
        output.console().print(f"{shown} of {count} shown (--most N shows more, --json all)")


def _row(job: Job, now_ms: int) -> tuple[object, ...]:
    state = f"due in {output.age(job.due_ms - now_ms)}" if job.state == "scheduled" else wording.state(job)
    return job.key, state, output.age(now_ms - job.since_ms), job.attempts, *_failure_cells(job)


def _failure_cells(job: Job) -> tuple[str, str, str]:
    """Class, cause and remedy; of a held job its release is the remedy, whatever else is the matter."""
    failure = job.failure
    work_class, cause, remedy = (
        (failure.work_class, failure.cause, failure.remedy) if failure is not None else ("", "", "")
    )
    held = wording.hold(job)
    if held is None:
        return work_class, cause, remedy
    since, release = held
    return work_class, "; ".join(filter(None, (since, cause))), release
