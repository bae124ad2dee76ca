"""`cwbridge links relink`, `unlink`, `rebuild`: what a person decides, and what was changed by it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from console import lifecycle, loading, output
from console.links import naming, report
from console.links.listing import Name
from console.links.rebuilding import rebuild_links
from console.links.relinking import Relinked, Relinker
from cwbridge import connections
from cwbridge.ledger.links import Links
from cwbridge.queue.queue import Queue


def relink(
    name: Name,
    to: Annotated[
        int, typer.Option("--to", min=1, metavar="ID", help="The id of the record in ConnectWise.")
    ],
    as_json: output.AsJson = False,
) -> None:
    """Say which record of ConnectWise belongs to an object; the answer is kept, and what waited for it runs again."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        named = naming.named(name)
        async with (
            lifecycle.existing_store(settings) as redis,
            connections.open_connectwise(settings, redis) as client,
            connections.open_jetbuilt(settings, redis) as source,
        ):
            relinker = Relinker.over(settings, redis, client, source)
            done = await relinker.relink(named, to)
        if as_json:
            output.as_json(done)
        else:
            _say_relinked(done)
        return lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


def unlink(name: Name, as_json: output.AsJson = False) -> None:
    """Forget a link; the next run looks for the record anew, an opportunity by its mark."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        named = naming.named(name)
        async with lifecycle.existing_store(settings) as redis:
            links = Links(redis, namespace=settings.namespace)
            before = await links.get(named.kind, named.source)
            if before is not None and named.kind == "opportunity":
                queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
                async with queue.paused(named.source):
                    await links.remove(named.kind, named.source)
            elif before is not None:
                await links.remove(named.kind, named.source)
        if as_json:
            output.as_json({"name": str(named), "unlinked": before is not None, "before": before})
        elif before is None:
            output.console().print(f"{output.escape(named)} was not linked; nothing was changed.")
        else:
            output.console().print(f"unlinked: {output.escape(named)} from {named.kind} {before.target}")
        return lifecycle.FAILED if before is None else lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


def rebuild(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be changed.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """Find every opportunity of ours in ConnectWise by its mark and put its link right; exit 1 when a person must decide."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with (
            lifecycle.store(settings) as redis,
            connections.open_connectwise(settings, redis) as client,
        ):
            done = await rebuild_links(client, redis, namespace=settings.namespace, dry_run=dry_run)
        if as_json:
            output.as_json(done)
        else:
            report.say(done)
        return lifecycle.FAILED if done.asks_a_person else lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


def _say_relinked(done: Relinked) -> None:
    console = output.console()
    before = f" (was {done.before.target}, {done.before.how})" if done.before is not None else ""
    console.print(
        f"relinked: {output.escape(done.name)} to {done.kind} {done.target} {output.escape(done.title)}{before}"
    )
    for key in done.enqueued:
        console.print(f"wanted: {output.escape(key)}")
    if not done.enqueued:
        console.print("Nothing waited for it.")
    for note in done.notes:
        console.print(f"note: {output.escape(note)}")
