"""`cwbridge jobs requeue`, `archive`, `hold`, `release`: keys by name or by filter, and exactly what was changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import typer

from console import lifecycle, loading, output
from console.jobs import verbs
from console.jobs.filters import Limit, filtered, rate, why_none
from console.jobs.verbs import Verb
from cwbridge.limits.lane import Lane
from cwbridge.limits.rate import Rate
from cwbridge.mode import Mode
from cwbridge.queue import selection as jobs
from cwbridge.queue.job import Enqueue, Job
from cwbridge.queue.queue import JobChange, Queue
from cwbridge.queue.reading import JobReader
from cwbridge.queue.selection import Selection

Keys = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY]...", help="Keys like jetbuilt/project/97737.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be changed.")]
All = Annotated[bool, typer.Option("--all", help="Every job that this can be done to, without any filter.")]
ToLane = Annotated[
    Lane | None,
    typer.Option(
        "--lane",
        help="Where they line up; by default keys named go before everything (interactive), others to the backlog.",
    ),
]
AtRate = Annotated[
    Rate | None,
    typer.Option("--rate", metavar="N/TIME", parser=rate, help="Start them one after the other, e.g. 5/1s."),
]

Known = Mapping[str, Job]
"""What there is of the chosen keys before anything is done."""
Act = Callable[[Queue, list[str], Known], Awaitable[list[str]]]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs a changing command is about: keys by name, or a selection."""

    keys: tuple[str, ...]
    selection: Selection
    limit: int | None

    @classmethod
    def of(
        cls, keys: Sequence[str] | None, chosen: Selection, limit: int | None, *, everything: bool
    ) -> Choice:
        """Raises UsageError for names and filters together, and for everything when it was not asked for."""
        named = tuple(dict.fromkeys(str(key) for key in loading.keys(keys or ())))
        if bool(named) + chosen.names_some + everything > 1:
            raise typer.BadParameter("name keys, or filter, or say --all, but not several of them")
        if not named and not chosen.names_some and not everything:
            raise typer.BadParameter("name keys or give a filter; --all means every job")
        return cls(keys=named, selection=chosen, limit=limit)

    async def found(self, queue: Queue, verb: Verb) -> list[str]:
        """The keys; a filter without a state looks only where the command can do something."""
        if self.keys:
            return list(self.keys)
        if self.selection.states:
            return [job.key async for job, _ in jobs.find(queue, self.selection, limit=self.limit)]
        chosen = msgspec.structs.replace(self.selection, states=verb.states)
        fitting = [job.key async for job, _ in jobs.find(queue, chosen) if verb.fits(job)]
        return fitting[: self.limit]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a command did, or in a trial would do."""

    verb: Verb
    dry_run: bool
    chosen: list[str]
    changed: list[str]
    unchanged: list[str]
    nothing: str = ""
    """Why none was chosen."""

    @property
    def exit_code(self) -> int:
        return lifecycle.FAILED if self.unchanged else lifecycle.SETTLED


@filtered
def requeue_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    lane: ToLane = None,
    at_rate: AtRate = None,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Put jobs back so that they run again, archived ones too; a job always reads the newest state, nothing stale."""
    choice = Choice.of(keys, chosen, limit, everything=everything)
    into: Lane = lane or ("interactive" if choice.keys else "backlog")

    async def act(queue: Queue, found: list[str], known: Known) -> list[str]:
        archived = [key for key in found if key in known and known[key].state == "archived"]
        await queue.enqueue(*(Enqueue(key, known[key].flow) for key in archived))
        # A worker may have taken one of those before its place is given to it: it runs again all the same.
        mode: Mode = "force" if choice.keys else "if_changed"
        requeued = await queue.requeue_later(_pauses(found, at_rate), lane=into, mode=mode)
        started = {*requeued, *archived}
        return [key for key in found if key in started]

    def more(found: list[str]) -> dict[str, Any]:
        return {"lane": into, "spread_over_ms": max(_pauses(found, at_rate).values(), default=0)}

    _change(verbs.REQUEUE, choice, act, dry_run=dry_run, as_json=as_json, more=more)


@filtered
def archive_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Forget jobs that were given up, until their object is wanted again."""
    _external_id(
        "archive", Choice.of(keys, chosen, limit, everything=everything), dry_run=dry_run, as_json=as_json
    )


@filtered
def hold_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Keep objects from running until released; a run under way ends first, and a key named may be held in advance."""
    _external_id(
        "hold", Choice.of(keys, chosen, limit, everything=everything), dry_run=dry_run, as_json=as_json
    )


@filtered
def release_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Let held objects go on where they stood."""
    _external_id(
        "release", Choice.of(keys, chosen, limit, everything=everything), dry_run=dry_run, as_json=as_json
    )


def _external_id(change: JobChange, choice: Choice, *, dry_run: bool, as_json: bool) -> None:
    async def act(queue: Queue, found: list[str], _: Known) -> list[str]:
        return await queue.change_each(change, found)

    _change(verbs.BY_CHANGE[change], choice, act, dry_run=dry_run, as_json=as_json)


def _change(
    verb: Verb,
    choice: Choice,
    act: Act,
    *,
    dry_run: bool,
    as_json: bool,
    more: Callable[[list[str]], dict[str, Any]] = lambda _: {},
) -> None:
    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with lifecycle.existing_store(settings) as redis:
            queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
            found = await choice.found(queue, verb)
            known = await JobReader(redis, settings.namespace).known(found)
            would = [key for key in found if verb.fits(known.get(key))]
            changed = would if dry_run else await act(queue, found, known)
            change = Change(
                verb=verb,
                dry_run=dry_run,
                chosen=found,
                changed=changed,
                unchanged=sorted(set(found) - set(changed)),
                nothing="" if found else await why_none(queue, choice.selection, verb.states),
            )
        _show(change, more(found), as_json=as_json)
        return change.exit_code

    raise typer.Exit(lifecycle.run(main))


def _show(change: Change, more: dict[str, Any], *, as_json: bool) -> None:
    if not as_json:
        _say(change, pause_ms=more.get("spread_over_ms", 0))
        return
    done = [] if change.dry_run else change.changed
    output.as_json(
        {
            change.verb.done: len(done),
            "dry_run": change.dry_run,
            "chosen": change.chosen,
            "changed": done,
            "would_change": change.changed if change.dry_run else [],
            "unchanged": change.unchanged,
            **more,
        }
    )


def _say(change: Change, *, pause_ms: int) -> None:
    console = output.console()
    if change.nothing:
        console.print(change.nothing)
    for key in change.changed:
        console.print(output.escape(key))
    for key in change.unchanged:
        console.print(f"{output.escape(key)}  unchanged: {change.verb.why_not}")
    count = f"{change.verb.done}: {len(change.changed)} of {len(change.chosen)}"
    spread = f", spread over {output.age(pause_ms)}" if pause_ms else ""
    if change.dry_run:
        console.print(f"would be {count}{spread}; nothing was changed")
    else:
        console.print(f"{count}{spread}")


def _pauses(keys: Sequence[str], at_rate: Rate | None) -> dict[str, int]:
    """How long each waits, evenly spaced so that no window holds more than the rate allows."""
    if at_rate is None or at_rate.unlimited:
        return dict.fromkeys(keys, 0)
    return {key: round(place * at_rate.seconds * 1000 / at_rate.calls) for place, key in enumerate(keys)}
