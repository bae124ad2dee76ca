"""`cwbridge jobs`: what is waiting, running or given up, why, and putting it back."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
import typer

from console import lifecycle, loading, output
from cwbridge import clock, metrics
from cwbridge.keys import Key
from cwbridge.ledger.history import Event, History
from cwbridge.queue.job import Job
from cwbridge.queue.queue import Queue

app = typer.Typer(no_args_is_help=True, help="Look at jobs and put failed ones back.")
State = Literal["due", "later", "dispatched", "running", "dead", "held"]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]
Keys = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY]...", help="Keys like jetbuilt/project/97737.")
]


@app.command("list")
def list_jobs(
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.")] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most so many.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Jobs that are not settled, with the cause of those that wait or were given up."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with lifecycle.store(settings) as redis:
            queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
            jobs = await queue.jobs(state=state, most=most)
        if as_json:
            output.as_json([_plain(job) for job in jobs])
        elif not jobs:
            output.console().print("No jobs: everything wanted is settled.")
        else:
            output.console().print(_table(jobs))
        return lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


@app.command("show")
def show_job(key: Annotated[str, typer.Argument(metavar="KEY")], as_json: AsJson = False) -> None:
    """One object: its job, cause and remedy, and what happened to it before."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        name = str(Key.parse(key))
        async with lifecycle.store(settings) as redis:
            queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
            job = await queue.job(name)
            events = await History(redis, namespace=settings.namespace).of(name)
        if as_json:
            output.as_json({"key": name, "job": None if job is None else _plain(job), "history": events})
        else:
            _print_job(name, job, events)
        return lifecycle.SETTLED if job is not None or events else lifecycle.FAILED

    raise typer.Exit(lifecycle.run(main))


@app.command("requeue")
def requeue_jobs(
    keys: Keys = None,
    state: Annotated[State | None, typer.Option(help="All jobs in this state, e.g. dead.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be put back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put jobs back so that they run at once; a job always reads the newest state, so nothing stale is replayed."""
    if bool(keys) == (state is not None):
        raise typer.BadParameter("name keys, or a --state, but not both")

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with lifecycle.store(settings) as redis:
            queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
            chosen = [str(Key.parse(key)) for key in keys or ()]
            if state is not None:
                chosen = [job.key for job in await queue.jobs(state=state, most=100_000)]
            done = 0 if dry_run else await queue.requeue(*chosen)
        metrics.REQUEUES.labels("person").inc(done)
        if as_json:
            output.as_json({"chosen": chosen, "requeued": done, "dry_run": dry_run})
            return lifecycle.SETTLED
        for key in chosen:
            output.console().print(output.escape(key))
        verb = f"would be requeued: {len(chosen)}" if dry_run else f"requeued: {done} of {len(chosen)}"
        output.console().print(verb)
        return lifecycle.SETTLED if dry_run or done == len(chosen) else lifecycle.FAILED

    raise typer.Exit(lifecycle.run(main))


def _table(jobs: list[Job]) -> Any:
    now = clock.now_ms()
    return output.table(
        "Jobs",
        ("key", "state", "wanted for", "attempts", "class", "cause", "remedy"),
        (
            (
                job.key,
                _state(job, now),
                output.age(now - job.since_ms),
                job.attempts,
                job.failure.work_class if job.failure else "",
                job.failure.cause if job.failure else "",
                job.failure.remedy if job.failure else "",
            )
            for job in jobs
        ),
    )


def _state(job: Job, now: int) -> str:
    if job.state == "due" and job.due_ms > now:
        return f"due in {output.age(job.due_ms - now)}"
    return str(job.state)


def _print_job(key: str, job: Job | None, events: list[Event]) -> None:
    console = output.console()
    if job is None and not events:
        console.print(f"{output.escape(key)} is not known here: it was never wanted, or its history is gone.")
        return
    console.print(f"[bold]{output.escape(key)}[/bold]  {job.state if job is not None else 'settled'}")
    if job is not None and job.failure is not None:
        failure = job.failure
        console.print(f"  class    {failure.work_class} ({failure.error}), attempts {job.attempts}")
        console.print(f"  cause    {output.escape(failure.cause)}")
        console.print(f"  detail   {output.escape(failure.detail)}")
        console.print(f"  remedy   {output.escape(failure.remedy)}")
        if failure.trace:
            console.print(output.escape(failure.trace))
    console.print(
        output.table(
            "History, newest first",
            ("when", "what", "target", "created", "deleted", "kept", "calls", "seconds", "total", "reason"),
            (
                (
                    output.moment(event.at_ms),
                    event.what,
                    event.target,
                    event.created,
                    event.deleted,
                    event.kept,
                    event.calls,
                    event.seconds,
                    event.total,
                    event.reason,
                )
                for event in events
            ),
        )
    )
    last = next((event.last_calls for event in events if event.last_calls), ())
    for call in last:
        console.print(f"  {output.escape(call)}")


def _plain(job: Job) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(job)
    return built
