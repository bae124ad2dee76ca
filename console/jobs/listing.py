"""`cwbridge jobs list`: outstanding work by cause, or each job by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from console import lifecycle, loading, output
from console.jobs.filters import Most, filtered
from cwbridge.queue import selection as jobs
from cwbridge.queue.job import Job
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Group

_MOST_SHOWN = 200


@filtered
def list_jobs(
    chosen: jobs.Selection,
    each: Annotated[bool, typer.Option("--each", help="One line per job instead of one per cause.")] = False,
    most: Most = None,
    as_json: output.AsJson = False,
) -> None:
    """Jobs that are not settled, grouped by cause: how many, since when, what to do."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with lifecycle.existing_store(settings) as redis:
            queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
            if each:
                await _list_each(queue, chosen, most or _MOST_SHOWN, as_json=as_json)
            else:
                _show_groups(await jobs.grouped(queue, chosen, most=most), as_json=as_json)
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
        console.print(f"    {states}; the oldest wanted {output.age(group.oldest_age_ms)} ago", end="")
        console.print(f"; goes on {output.moment(group.next_due_ms)}" if group.next_due_ms else "")
        more = ", ..." if group.jobs > len(group.examples) else ""
        console.print(f"    {output.escape(', '.join(group.examples))}{more}")


def _show_groups(groups: list[Group], *, as_json: bool) -> None:
    if as_json:
        output.as_json(groups)
    elif not groups:
        output.console().print("No such jobs: everything wanted is settled, or the filters leave nothing.")
    else:
        print_groups(groups)


async def _list_each(queue: Queue, chosen: jobs.Selection, most: int, *, as_json: bool) -> None:
    found: list[Job] = []
    now_ms = 0
    async for job, at in jobs.find(queue, chosen, most=most):
        found.append(job)
        now_ms = at
    if as_json:
        output.as_json(found)
    elif not found:
        output.console().print("No such jobs: everything wanted is settled, or the filters leave nothing.")
    else:
        output.console().print(
            output.table(
                "Jobs",
                ("key", "state", "wanted for", "attempts", "class", "cause", "remedy"),
                (_row(job, now_ms) for job in found),
            )
        )
        if len(found) == most:
            output.console().print(f"These are the first {most}; there may be more (--most).")


def _row(job: Job, now_ms: int) -> tuple[object, ...]:
    failure = job.failure
    state = f"due in {output.age(job.due_ms - now_ms)}" if job.state == "later" else job.state
    said = (failure.work_class, failure.cause, failure.remedy) if failure is not None else ("", "", "")
    return job.key, state, output.age(now_ms - job.since_ms), job.attempts, *said
