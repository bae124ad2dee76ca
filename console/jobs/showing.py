"""`cwbridge jobs show`: everything known about one object."""

from __future__ import annotations

from typing import NoReturn

from rich.console import Console

from console import exit_codes, output
from console.command import Bridge, keys_of, on_store
from console.jobs import known as known_module
from console.jobs import wording
from console.jobs.known import Known
from cwbridge.ledger.history import Event
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Job


def show(key: str, *, as_json: bool) -> NoReturn:
    """Print everything known about the object of `key`."""

    async def act(bridge: Bridge) -> int:
        (name,) = keys_of(bridge.flows, [key])
        known = await known_module.gather(bridge, name)
        if as_json:
            output.as_json(known)
        else:
            print_known(output.console(), known)
        return exit_codes.FAILED if known.is_unknown else exit_codes.SETTLED

    on_store(act, keys=[key])


def print_known(console: Console, known: Known) -> None:
    """Print what is stored about an object."""
    job, events = known.job, known.history
    if known.is_unknown:
        console.print(
            f"{output.escape(known.key)} is unknown: it was never enqueued, or its history has expired."
        )
        return
    console.print(
        f"[bold]{output.escape(known.key)}[/bold]  {wording.state(job) if job is not None else 'settled'}"
    )
    if job is not None:
        _print_job(console, job)
    if known.link is not None:
        finished = f", finished: {output.escape(known.link.finished)}" if known.link.finished else ""
        console.print(f"  linked   {known.kind} {known.link.target} ({known.link.how}){finished}")
    for match in known.matches:
        console.print(f"  matched  {output.escape(match)}")
    for discrepancy in known.discrepancies:
        console.print(f"  found    {output.escape(discrepancy)}")
    _print_calls(console, known)
    if events:
        console.print(_history(events))


def _print_calls(console: Console, known: Known) -> None:
    of_runs = (
        (f"the run that failed {output.moment(known.failed_at_ms)}", known.last_calls),
        ("the newest run that did something", known.run_calls),
    )
    for run, calls in of_runs:
        if calls:
            console.print(f"  last calls of {run}")
        for call in calls:
            console.print(f"  call     {output.escape(call)}")


def _print_job(console: Console, job: Job) -> None:
    if job.state == "archived":
        console.print(
            f"  archived since {output.moment(job.since_ms)}  ->  cwbridge jobs requeue {job.key} tries it again"
        )
        return
    if held := wording.hold(job):
        console.print(f"  held     {'  ->  '.join(held)}")
    console.print(
        f"  job      {job.lane} lane, attempts {job.attempts}, waits {job.waits}, crashes {job.crashes}"
    )
    console.print(f"  since    {output.moment(job.since_ms)}, due {output.moment(job.due_ms)}")
    if job.failure is not None:
        _print_failure(console, job.failure)


def _print_failure(console: Console, failure: Failure) -> None:
    console.print(f"  class    {failure.work_class} ({failure.error}), {output.moment(failure.at_ms)}")
    console.print(f"  cause    {output.escape(failure.cause)}")
    if failure.detail:
        console.print(f"  detail   {output.escape(failure.detail)}")
    console.print(f"  remedy   {output.escape(failure.remedy)}")
    if failure.trace:
        console.print(output.escape_lines(failure.trace))


def _history(events: list[Event]) -> object:
    return output.table(
        "History, newest first",
        ("when", "what", "target", "counts", "amounts", "calls", "seconds", "cause"),
        (
            (
                output.moment(event.at_ms),
                event.what,
                event.target,
                ", ".join(f"{name} {number}" for name, number in event.counts.items() if number),
                ", ".join(f"{name} {amount}" for name, amount in event.amounts.items()),
                event.calls,
                event.seconds,
                event.cause,
            )
            for event in events
        ),
    )
