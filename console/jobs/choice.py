"""The jobs that a changing command chooses, and its report of what changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NoReturn

import msgspec
import typer

from console import exit_codes, output
from console.command import Bridge, keys_of, on_store
from console.jobs.filters import Filters, why_none
from console.jobs.verbs import Verb
from cwbridge.queue import selection as jobs
from cwbridge.queue.job import Job
from cwbridge.queue.reading import JobReader

Known = Mapping[str, Job]
"""The jobs of the chosen keys before the command changes anything."""
Act = Callable[[Bridge, list[str], Known], Awaitable[list[str]]]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Keys by name, or filters."""

    keys: tuple[str, ...]
    filters: Filters
    limit: int | None

    @classmethod
    def of(
        cls, keys: Sequence[str] | None, filters: Filters, limit: int | None, *, everything: bool
    ) -> Choice:
        """Raises BadParameter for keys and filters together, and for neither without --all."""
        named = tuple(dict.fromkeys(keys or ()))
        if bool(named) + filters.any + everything > 1:
            raise typer.BadParameter("give keys, filters or --all, but not several of them")
        if not named and not filters.any and not everything:
            raise typer.BadParameter("give keys or a filter; --all means every job")
        return cls(keys=named, filters=filters, limit=limit)

    async def found(self, bridge: Bridge, verb: Verb) -> list[str]:
        """The chosen keys; a filter without a state selects only jobs that the command can change."""
        if self.keys:
            return keys_of(bridge.flows, self.keys)
        selection = self.filters.selection(bridge.flows)
        if selection.states:
            return [job.key async for job, _ in jobs.find(bridge.queue, selection, limit=self.limit)]
        chosen = msgspec.structs.replace(selection, states=verb.states)
        fitting = [job.key async for job, _ in jobs.find(bridge.queue, chosen) if verb.fits(job)]
        return fitting[: self.limit]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a command did, or would do in a dry run."""

    verb: Verb
    dry_run: bool
    chosen: list[str]
    changed: list[str]
    unchanged: list[str]
    nothing: str = ""
    """Why no job was chosen."""

    @property
    def exit_code(self) -> int:
        return exit_codes.FAILED if self.unchanged else exit_codes.SETTLED


def carry_out(
    verb: Verb,
    choice: Choice,
    act: Act,
    *,
    dry_run: bool,
    as_json: bool,
    more: Callable[[list[str]], dict[str, Any]] = lambda _: {},
) -> NoReturn:
    """Change the chosen jobs, or report what would change; exit with 1 when a chosen job stays unchanged."""

    async def main(bridge: Bridge) -> int:
        found = await choice.found(bridge, verb)
        known = await JobReader(bridge.redis, bridge.settings.namespace).known(found)
        would = [key for key in found if verb.fits(known.get(key))]
        changed = would if dry_run else await act(bridge, found, known)
        nothing = (
            "" if found else await why_none(bridge.queue, choice.filters.selection(bridge.flows), verb.states)
        )
        change = Change(
            verb=verb,
            dry_run=dry_run,
            chosen=found,
            changed=changed,
            unchanged=sorted(set(found) - set(changed)),
            nothing=nothing,
        )
        _show(change, more(found), as_json=as_json)
        return change.exit_code

    on_store(main, keys=choice.keys)


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
