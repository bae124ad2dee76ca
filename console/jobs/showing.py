"""`cwbridge jobs show`: everything known about one object."""

from __future__ import annotations

from typing import NoReturn

import msgspec
from rich.console import Console

from console import exit_codes, output
from console.command import Bridge, keys_of, on_store
from console.jobs import wording
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Job
from cwbridge.queue.reading import JobReader


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One object: its outstanding work, its link, and what happened to it, newest first."""

    key: str
    kind: str
    """The kind of the linked record."""
    job: Job | None
    link: Link | None
    matches: tuple[str, ...]
    discrepancies: tuple[str, ...]
    last_calls: tuple[str, ...]
    """The calls of the newest failed run; the calls of a settled run are not kept."""
    failed_at_ms: int | None
    history: list[Event]


def show(key: str, *, as_json: bool) -> NoReturn:
    """Print everything known about the object of `key`."""

    async def act(bridge: Bridge) -> int:
        (name,) = keys_of(bridge.flows, [key])
        namespace = bridge.settings.namespace
        kind = bridge.flows.of_key(name).link_kinds[0].name
        job = (await JobReader(bridge.redis, namespace).known([name])).get(name)
        link = await bridge.links.get(kind, name)
        events = await History(bridge.redis, namespace=namespace).of(name)
        known = _known(name, kind, job, link, events)
        if as_json:
            output.as_json(known)
        else:
            _print(known)
        return exit_codes.SETTLED if job or link or events else exit_codes.FAILED

    on_store(act, keys=[key])


def _known(key: str, kind: str, job: Job | None, link: Link | None, events: list[Event]) -> Known:
    """The newest recorded matches, discrepancies and calls."""
    failed = next((event for event in events if event.last_calls), None)
    return Known(
        key=key,
        kind=kind,
        job=job,
        link=link,
        matches=next((event.matches for event in events if event.matches), ()),
        discrepancies=next((event.discrepancies for event in events if event.matches), ()),
        last_calls=failed.last_calls if failed is not None else (),
        failed_at_ms=failed.at_ms if failed is not None else None,
        history=events,
    )


def _print(known: Known) -> None:
    console = output.console()
    job, events = known.job, known.history
    if job is None and known.link is None and not events:
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
    if known.failed_at_ms is not None:
        console.print(f"  last calls of the run that failed {output.moment(known.failed_at_ms)}")
    for call in known.last_calls:
        console.print(f"  call     {output.escape(call)}")
    if events:
        console.print(_history(events))


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
        console.print(output.escape(failure.trace))


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
