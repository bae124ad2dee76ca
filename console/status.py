"""`cwbridge status`: the queue, causes of waiting and dead jobs, systems on hold, and links on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

import msgspec

from console import exit_codes, output
from console.command import Bridge, on_store
from console.jobs.listing import print_groups
from cwbridge import clock, presence
from cwbridge import redis as redis_module
from cwbridge import settings as settings_module
from cwbridge.flow import Flows
from cwbridge.ledger import money_discrepancies
from cwbridge.ledger.money_discrepancies import Found, MoneyDiscrepancies, Sum
from cwbridge.limits.holds import SystemHolds
from cwbridge.presence import Presence
from cwbridge.queue import selection
from cwbridge.queue.counts import Counts
from cwbridge.queue.reading import JobReader
from cwbridge.queue.selection import Group, Selection
from producers.watermarks import Watermark

NO_WORKER = "no worker"
_GROUPS_SHOWN = 5
LOOKED_AT = 10_000
"""How many jobs and differences are read, so that the screen appears quickly however many there are."""
_WAITING = Selection(states=("scheduled", "waiting"))
_DEAD = Selection(states=("dead",))


class OnHold(msgspec.Struct, frozen=True):
    """A system that refused the credentials, and since when."""

    system: str
    title: str
    since_ms: int


class ReadUntil(msgspec.Struct, frozen=True):
    """How far a source has been read."""

    title: str
    moment: datetime | None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the daemon as stored in Redis."""

    namespace: str
    verdict: str
    """The overall state in one or two words."""
    queue: dict[str, Any]
    on_hold: list[OnHold]
    waiting: list[Group]
    """Scheduled and waiting jobs by cause; like `dead`, of the first ten thousand jobs only."""
    dead: list[Group]
    redis: redis_module.Durability
    warnings: list[str]
    read_until: list[ReadUntil]
    sources: dict[str, str]
    """What the sources of the flows tell about themselves, by title."""
    links: dict[str, int]
    ended: dict[str, int]
    """Links to whose records nothing is written any more: the object or its record is gone, or has ended."""
    money: list[Sum]
    """Amounts that differ between source and target, by kind and currency; of the first ten thousand differences only."""
    money_count: int
    """How many differences there are."""
    greatest: list[Found]
    """The greatest of these differences."""
    flows: list[str]
    """The flows that are switched on."""
    processes: list[Presence]
    """The processes of the daemon that were seen in the last half minute."""


def command(*, as_json: bool) -> NoReturn:
    """Print the screen."""

    async def act(bridge: Bridge) -> int:
        found = await gather(bridge)
        if as_json:
            output.as_json(found)
        else:
            show(found)
        return exit_codes.SETTLED

    on_store(act)


async def gather(bridge: Bridge, *, by_flow: bool = False) -> Status:
    """Read everything the screen shows; `by_flow` keeps jobs of different flows apart that have one cause."""
    settings, redis, queue = bridge.settings, bridge.redis, bridge.queue
    namespace = settings.namespace
    reader = JobReader(redis, namespace)
    counts = await queue.counts()
    lease_ms = round(settings.queue.lease_duration.total_seconds() * 1000)
    at_work = await reader.leased_since(counts.now_ms - lease_ms) > 0
    on_hold = await SystemHolds(redis, namespace=namespace).all()
    durability = await redis_module.check(redis, name=settings_module.variable("redis", "url"))
    money = MoneyDiscrepancies(redis, namespace=namespace)
    differences = await money.all(limit=LOOKED_AT)
    titles = {system.name: system.title for flow in bridge.flows for system in flow.systems}
    on = [flow.name for flow in bridge.flows if flow.is_on(settings)]
    return Status(
        namespace=namespace,
        verdict=_verdict(counts, on_hold, forsaken=not at_work and _waits_for_worker(counts, lease_ms)),
        queue={**msgspec.to_builtins(counts), "archived": await reader.archived()},
        on_hold=[
            OnHold(system, titles.get(system, system), since_ms)
            for system, since_ms in sorted(on_hold.items())
        ],
        waiting=await selection.grouped(queue, _WAITING, limit=LOOKED_AT, by_flow=by_flow),
        dead=await selection.grouped(queue, _DEAD, limit=LOOKED_AT, by_flow=by_flow),
        redis=durability,
        warnings=durability.warnings,
        read_until=await _read_until(bridge, bridge.flows),
        sources=await _told_by_sources(bridge),
        links={kind.plural: await bridge.links.count(kind.name) for kind in bridge.flows.link_kinds()},
        ended={kind.plural: await bridge.links.ended(kind.name) for kind in bridge.flows.link_kinds()},
        money=money_discrepancies.sums(differences),
        money_count=await money.count(),
        greatest=differences[:_GROUPS_SHOWN],
        flows=on,
        processes=await presence.present(redis, namespace),
    )


async def _read_until(bridge: Bridge, flows: Flows) -> list[ReadUntil]:
    """Every watermark of the flows that are switched on, and those that another flow has reached before."""
    found = []
    for one in flows.registrations.values():
        for name, title in one.source.watermarks(one.flow, bridge.settings):
            moment = await Watermark(bridge.redis, namespace=bridge.settings.namespace, name=name).get()
            if moment is not None or one.flow.is_on(bridge.settings):
                found.append(ReadUntil(title, moment))
    return found


async def _told_by_sources(bridge: Bridge) -> dict[str, str]:
    told: dict[str, str] = {}
    for one in bridge.flows.registrations.values():
        told |= await one.source.status_rows(bridge.redis, bridge.settings.namespace)
    return told


def show(status: Status) -> None:
    """Print the screen."""
    queue, console = status.queue, output.console()
    console.print(f"[bold]cwbridge[/bold] ({status.namespace}): {status.verdict}")
    if status.verdict == NO_WORKER:
        console.print(
            f"[bold]No worker is running[/bold]; jobs due: {queue['due']}  ->  Start `cwbridge run` or `cwbridge worker`."
        )
    for hold in status.on_hold:
        title = output.escape(hold.title)
        console.print(
            f"[bold]{title} refused the credentials[/bold] since {output.moment(hold.since_ms)}: its jobs wait  ->  "
            "Correct its credentials and restart; its jobs then go on by themselves."
        )
    for warning in status.warnings:
        console.print(f"[bold]warning[/bold]: {output.escape(warning)}")
    rows = [
        (
            "jobs",
            (
                f"{queue['due']} due, {queue['running'] + queue['dispatched']} running, "
                f"{queue['scheduled']} scheduled, {queue['waiting']} waiting"
            ),
        ),
        ("dead", f"{queue['dead']} (held {queue['held']}, archived {queue['archived']})"),
        ("processes", _processes(status.processes)),
        ("oldest due for", output.age(queue["oldest_due_age_ms"])),
        ("next due", output.moment(queue["next_due_ms"])),
        *((read.title, _ago(read.moment)) for read in status.read_until),
        *status.sources.items(),
        *((f"linked {noun}", _linked(count, status.ended[noun])) for noun, count in status.links.items()),
    ]
    console.print(output.table("", ("", ""), rows))
    _show_groups("Waiting", status.waiting, queue["scheduled"] + queue["waiting"])
    _show_groups("Dead", status.dead, queue["dead"])
    _show_money(status)


def _show_money(status: Status) -> None:
    if not status.money:
        return
    console = output.console()
    console.print("\n[bold]Differences in money[/bold]")
    for one in status.money:
        console.print(f"{one.count} {one.kind}: {one.amount} {output.escape(one.currency)} in all")
    for found in status.greatest:
        known = found.discrepancy
        console.print(
            f"{output.escape(found.key)}: {found.kind} {known.source} in the source, {known.target} in the target "
            f"({known.difference:+} {output.escape(known.currency)}) since {output.moment(known.since_ms)}"
        )


def _show_groups(title: str, groups: list[Group], jobs: int) -> None:
    if not groups:
        return
    some = f" (causes of the first {LOOKED_AT})" if jobs > LOOKED_AT else ""
    output.console().print(f"\n[bold]{title}[/bold]{some}")
    print_groups(groups[:_GROUPS_SHOWN])
    if len(groups) > _GROUPS_SHOWN:
        output.console().print(f"... and {len(groups) - _GROUPS_SHOWN} more causes: cwbridge jobs list")


def _waits_for_worker(counts: Counts, lease_ms: int) -> bool:
    """Whether work has been due for longer than a lease, or a worker has claimed some."""
    return counts.oldest_due_age_ms > lease_ms or counts.running + counts.dispatched > 0


def _verdict(counts: Counts, on_hold: dict[str, int], *, forsaken: bool) -> str:
    if on_hold:
        return "on hold"
    if forsaken:
        return NO_WORKER
    if counts.dead:
        return "failed jobs"
    if counts.active:
        return "working"
    if counts.scheduled or counts.waiting:
        return "waiting"
    return "held" if counts.held else "settled"


def _processes(processes: list[Presence]) -> str:
    """How many processes run each service, and the slots of the workers."""
    if not processes:
        return "none seen in the last half minute"
    slots = sum(one.slots for one in processes)
    return presence.told(processes) + (f" ({slots} slots)" if slots else "")


def _linked(count: int, ended: int) -> str:
    return f"{count}, of which {ended} ended  ->  cwbridge links list --ended" if ended else str(count)


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    passed = (clock.utc_now() - moment).total_seconds() * 1000
    return f"{clock.iso(moment)} ({output.age(passed)} ago)"
