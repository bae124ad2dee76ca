"""`cwbridge jobs requeue`, `archive`, `hold`, `release`: keys by name or by filter, and exactly what was changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import msgspec
import typer

from console import lifecycle, loading, output
from console.jobs.filters import Most, filtered, rate
from cwbridge import metrics
from cwbridge.limits.rate import Rate
from cwbridge.queue import selection as jobs
from cwbridge.queue.job import State
from cwbridge.queue.lanes import Lane
from cwbridge.queue.queue import Marking, Queue
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

_REQUEUED: tuple[State, ...] = ("dead", "later")
_MARKED: dict[Marking, tuple[State, ...]] = {
    "archive": ("dead",),
    "hold": ("due", "later", "dispatched", "running", "dead"),
    "release": ("held",),
}
_DONE = {"requeue": "requeued", "archive": "archived", "hold": "held", "release": "released"}
_WHY_NOT = {
    "requeue": "neither given up nor waiting",
    "archive": "not given up",
    "hold": "held before",
    "release": "not held",
}
Act = Callable[[Queue, list[str]], Awaitable[list[str]]]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs a changing command is about: keys by name, or a selection."""

    keys: tuple[str, ...]
    selection: Selection
    most: int | None

    @classmethod
    def of(
        cls, keys: Sequence[str] | None, chosen: Selection, most: int | None, *, everything: bool
    ) -> Choice:
        """Raises UsageError for names and filters together, and for everything when it was not asked for."""
        named = tuple(dict.fromkeys(str(key) for key in loading.keys(keys or ())))
        if bool(named) + chosen.names_some + everything > 1:
            raise typer.BadParameter("name keys, or filter, or say --all, but not several of them")
        if not named and not chosen.names_some and not everything:
            raise typer.BadParameter("name keys or give a filter; --all means every job")
        return cls(keys=named, selection=chosen, most=most)

    async def found(self, queue: Queue, states: tuple[State, ...]) -> list[str]:
        """The keys; a filter without a state looks only where the command can do something."""
        if self.keys:
            return list(self.keys)
        chosen = self.selection
        if not chosen.states:
            chosen = msgspec.structs.replace(chosen, states=states)
        return [job.key async for job, _ in jobs.find(queue, chosen, most=self.most)]


@filtered
def requeue_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    most: Most = None,
    everything: All = False,
    lane: ToLane = None,
    at_rate: AtRate = None,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Put jobs back so that they run again; a job always reads the newest state, so nothing stale is replayed."""
    choice = Choice.of(keys, chosen, most, everything=everything)
    into: Lane = lane or ("interactive" if choice.keys else "backlog")

    async def act(queue: Queue, found: list[str]) -> list[str]:
        started = await queue.spread(_pauses(found, at_rate), lane=into)
        metrics.REQUEUES.labels("person").inc(len(started))
        return started

    def more(found: list[str]) -> dict[str, Any]:
        return {"lane": into, "spread_over_ms": max(_pauses(found, at_rate).values(), default=0)}

    _change("requeue", choice, _REQUEUED, act, dry_run=dry_run, as_json=as_json, more=more)


@filtered
def archive_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    most: Most = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Forget jobs that were given up, until their object is wanted again."""
    _mark("archive", Choice.of(keys, chosen, most, everything=everything), dry_run=dry_run, as_json=as_json)


@filtered
def hold_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    most: Most = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Keep objects from running until released; a run under way ends first, and a key named may be held in advance."""
    _mark("hold", Choice.of(keys, chosen, most, everything=everything), dry_run=dry_run, as_json=as_json)


@filtered
def release_jobs(
    chosen: Selection,
    *,
    keys: Keys = None,
    most: Most = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: output.AsJson = False,
) -> None:
    """Let held objects go on where they stood."""
    _mark("release", Choice.of(keys, chosen, most, everything=everything), dry_run=dry_run, as_json=as_json)


def _mark(marking: Marking, choice: Choice, *, dry_run: bool, as_json: bool) -> None:
    async def act(queue: Queue, found: list[str]) -> list[str]:
        return await queue.mark_each(marking, found)

    _change(marking, choice, _MARKED[marking], act, dry_run=dry_run, as_json=as_json)


def _change(
    verb: str,
    choice: Choice,
    states: tuple[State, ...],
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
            found = await choice.found(queue, states)
            changed = [] if dry_run else await act(queue, found)
        unchanged = [] if dry_run else sorted(set(found) - set(changed))
        if as_json:
            output.as_json(
                {
                    _DONE[verb]: len(changed),
                    "dry_run": dry_run,
                    "chosen": found,
                    "changed": changed,
                    "unchanged": unchanged,
                    **more(found),
                }
            )
        else:
            _say(
                verb,
                found,
                changed,
                unchanged,
                dry_run=dry_run,
                pause_ms=more(found).get("spread_over_ms", 0),
            )
        return lifecycle.FAILED if unchanged else lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


def _say(
    verb: str, found: list[str], changed: list[str], unchanged: list[str], *, dry_run: bool, pause_ms: int
) -> None:
    console = output.console()
    for key in found if dry_run else changed:
        console.print(output.escape(key))
    for key in unchanged:
        console.print(f"{output.escape(key)}  unchanged: {_WHY_NOT[verb]}")
    spread = f", spread over {output.age(pause_ms)}" if pause_ms else ""
    if dry_run:
        console.print(f"would be {_DONE[verb]}: {len(found)}{spread}; nothing was changed")
    else:
        console.print(f"{_DONE[verb]}: {len(changed)} of {len(found)}{spread}")


def _pauses(keys: Sequence[str], at_rate: Rate | None) -> dict[str, int]:
    """How long each waits, evenly spaced so that no window holds more than the rate allows."""
    if at_rate is None or at_rate.unlimited:
        return dict.fromkeys(keys, 0)
    return {key: round(place * at_rate.seconds * 1000 / at_rate.calls) for place, key in enumerate(keys)}
