"""`cwbridge links relink`, `unlink`, `rebuild`: correct links, and report what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import typer

from console import exit_codes, output
from console.command import Bridge, link_of, on_store
from console.links import report
from cwbridge import connections, errors
from cwbridge.flow import Flow, FlowContext
from cwbridge.linker import Linker, Rebuilt, Relinked


def relink(text: str, to: int, *, as_json: bool) -> NoReturn:
    """Store the operator's choice and report which jobs run again."""

    async def act(bridge: Bridge) -> int:
        flow, name = link_of(bridge.flows, text)
        async with _linker(bridge, flow) as linker:
            done = await linker.relink(name, to)
        if as_json:
            output.as_json(done)
        else:
            _say_relinked(done)
        return exit_codes.SETTLED

    on_store(act, link=text)


def unlink(text: str, *, as_json: bool) -> NoReturn:
    """Remove a link, but not while a run writes its object."""

    async def act(bridge: Bridge) -> int:
        flow, name = link_of(bridge.flows, text)
        record = flow.record_of(text.strip())
        if record is not None:
            raise errors.Refused(
                f"{text.strip()} has no link of its own",
                remedy=f"Name the object that is linked to it, see: cwbridge links show {text.strip()}",
            )
        before = await bridge.links.get(name.kind, name.identity)
        key = flow.key_of_link(name)
        if before is not None and key is not None:
            async with bridge.queue.paused(key):
                await bridge.links.remove(name.kind, name.identity)
        elif before is not None:
            await bridge.links.remove(name.kind, name.identity)
        if as_json:
            output.as_json({"name": str(name), "unlinked": before is not None, "before": before})
        elif before is None:
            output.console().print(f"{output.escape(name)} was not linked; nothing was changed.")
        else:
            output.console().print(f"unlinked: {output.escape(name)} from {name.kind} {before.target}")
        return exit_codes.FAILED if before is None else exit_codes.SETTLED

    on_store(act, link=text)


def rebuild(flow_name: str, *, dry_run: bool, as_json: bool) -> NoReturn:
    """Rebuild the links of one flow, or of every flow that is switched on."""

    async def act(bridge: Bridge) -> int:
        everything = Rebuilt(dry_run=dry_run, found=0)
        for flow in _chosen(bridge, flow_name):
            async with _linker(bridge, flow) as linker:
                done = await linker.rebuild(dry_run=dry_run)
            if not as_json:
                report.say(done, flow)
            everything = everything.joined(done)
        if as_json:
            output.as_json(everything)
        return exit_codes.FAILED if everything.needs_a_person else exit_codes.SETTLED

    on_store(act, create=True)


def _chosen(bridge: Bridge, name: str) -> list[Flow]:
    """The flow named, else every flow that is switched on and has something to rebuild; raises SettingsError for a flow that is off."""
    named = bridge.flows.get(name)
    if name and named is None:
        raise typer.BadParameter(
            f"{name!r} is no flow; there are: {', '.join(bridge.flows.names)}", param_hint="--flow"
        )
    if named is not None and not named.is_on(bridge.settings):
        raise errors.SettingsError(
            f"the flow {name} is switched off", remedy=f"Set {', '.join(named.lacks(bridge.settings))}."
        )
    return [flow for flow in bridge.flows.on(bridge.settings) if name in {"", flow.name} and flow.has_linker]


@asynccontextmanager
async def _linker(bridge: Bridge, flow: Flow) -> AsyncIterator[Linker]:
    async with connections.open_all(bridge.settings, bridge.redis, flow.systems) as clients:
        yield flow.linker(FlowContext.over(bridge.settings, bridge.redis, clients))


def _say_relinked(done: Relinked) -> None:
    console = output.console()
    before = f" (was {done.before.target}, {done.before.how})" if done.before is not None else ""
    console.print(
        f"relinked: {output.escape(done.name)} to {done.kind} {done.target} {output.escape(done.title)}{before}"
    )
    for key in done.enqueued:
        console.print(f"enqueued: {output.escape(key)}")
    if not done.enqueued:
        console.print("No job waited for it.")
    for note in done.notes:
        console.print(f"note: {output.escape(note)}")
