"""`cwbridge sync`: polls once, works until nothing is due, and prints a summary."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn

import msgspec
import typer

from console import exit_codes, lifecycle, loading, output, services
from console.command import keys_on
from console.flows import registered
from console.named import NamedKeys
from console.progress import Progress, describe
from console.quiet import is_busy
from console.tally import Tally, listed
from cwbridge import clock, concurrency, connections
from cwbridge.flow import FlowContext, Flows
from cwbridge.ledger.history import Event
from cwbridge.limits.holds import SystemHolds
from cwbridge.queue.job import Enqueue, Job
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from worker import main as worker

_LOOK_SECONDS = 0.1
_EVERYTHING = 1_000_000


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What `cwbridge sync` did, and the jobs that are not settled."""

    seen: int
    settled: int
    skipped: int
    records: dict[str, int]
    """Records of the target that were settled, by the plural of their kind."""
    lines_created: int
    lines_deleted: int
    unsettled: list[Job]
    told: dict[str, str]
    """What became of each key that a person named, and of those that it led to."""

    @property
    def exit_code(self) -> int:
        return exit_codes.FAILED if self.unsettled else exit_codes.SETTLED


def command(keys: Sequence[str], *, full: bool, as_json: bool) -> NoReturn:
    """Run one pass and exit with its code."""

    async def main(stop: asyncio.Event) -> int:
        settings = loading.settings()
        flows = services.switched_on(settings)
        chosen = keys_on(registered(), settings, keys)
        async with lifecycle.store(settings) as redis:
            summary = await one_pass(
                settings, redis, stop, flows=flows, keys=chosen, full=full, show=not as_json
            )
        if as_json:
            output.as_json(summary)
        else:
            show_summary(summary)
        return summary.exit_code

    raise typer.Exit(lifecycle.run(main))


async def one_pass(
    settings: Settings,
    redis: Redis,
    stop: asyncio.Event,
    *,
    flows: Flows,
    keys: Sequence[str] = (),
    full: bool = False,
    show: bool = True,
) -> Summary:
    """Enqueue (the keys named, everything, or what changed) and work until nothing is due; `stop` ends it early."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    holds = SystemHolds(redis, namespace=settings.namespace)
    tally, named = Tally(flows), NamedKeys(keys)
    seen = await _enqueue(settings, redis, queue, flows, keys, full=full)
    done = asyncio.Event()

    def on_event(key: str, event: Event) -> None:
        tally.on_event(key, event)
        named.on_event(key, event)

    working = asyncio.create_task(worker.serve(settings, redis, done, flows=flows, on_event=on_event))
    quiet = asyncio.create_task(_until_quiet(queue, holds, named))
    stopping = asyncio.create_task(stop.wait())
    progress = Progress(queue, tally, flows, title="cwbridge sync", console=output.console(to_errors=True))
    showing = asyncio.create_task(progress.show()) if show else None
    try:
        await asyncio.wait({working, quiet, stopping}, return_when=asyncio.FIRST_COMPLETED)
        done.set()
        await working
        if quiet.done():
            quiet.result()
    finally:
        helpers = [task for task in (quiet, stopping, showing, working) if task is not None]
        await concurrency.end(*helpers)
    return Summary(
        seen=seen,
        settled=tally.settled,
        skipped=tally.skipped,
        records=tally.records,
        lines_created=tally.lines_created,
        lines_deleted=tally.lines_deleted,
        unsettled=await named.jobs(queue) if named else await queue.jobs(limit=_EVERYTHING),
        told={
            key: describe(flows, key, named.events[key]) if key in named.events else "nothing to do"
            for key in named
        },
    )


def show_summary(summary: Summary) -> None:
    """Print the summary for a person."""
    console = output.console()
    console.print(
        f"looked at {summary.seen}  settled {summary.settled}  skipped {summary.skipped}  "
        f"{listed(summary.records)}  "
        f"lines created {summary.lines_created}, deleted {summary.lines_deleted}"
    )
    waiting = {job.key for job in summary.unsettled}
    for key, told in summary.told.items():
        if key not in waiting:
            console.print(f"{output.escape(key)}: {output.escape(told)}")
    if not summary.unsettled:
        console.print("Everything is settled.")
        return
    console.print(
        output.table(
            f"Not settled: {len(summary.unsettled)}",
            ("key", "state", "cause", "remedy"),
            (
                (
                    job.key,
                    job.state,
                    job.failure.cause if job.failure else "",
                    job.failure.remedy if job.failure else "",
                )
                for job in summary.unsettled
            ),
        )
    )


async def _enqueue(
    settings: Settings, redis: Redis, queue: Queue, flows: Flows, keys: Sequence[str], *, full: bool
) -> int:
    if keys:
        named = [
            Enqueue(key=key, flow=flows.of_key(key).name, lane="interactive", mode="force") for key in keys
        ]
        await queue.enqueue(*named)
        await queue.requeue(*keys)
        return len(keys)
    seen = 0
    systems = [system for one in flows.registrations.values() for system in one.source.systems]
    async with connections.open_all(settings, redis, systems) as clients:
        context = FlowContext.over(settings, redis, clients)
        for one in flows.registrations.values():
            async with one.source.open(context, one.flow) as poller:
                seen += (await poller.poll(full=full)).seen
    if full:
        # A full sync that a person asks for includes the dead jobs.
        await queue.requeue(*(job.key for job in await queue.jobs(state="dead", limit=_EVERYTHING)))
    return seen


async def _until_quiet(queue: Queue, holds: SystemHolds, named: NamedKeys) -> None:
    """Wait until no job is due soon, or a system has refused the credentials so that no job can run."""
    began = clock.now_ms()
    while await (named.are_busy(queue) if named else _is_busy(queue)):
        # An earlier hold does not count: the credentials were proven at the start of this command.
        if any(since >= began for since in (await holds.all()).values()):
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _is_busy(queue: Queue) -> bool:
    return is_busy(await queue.counts())
