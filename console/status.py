"""`cwbridge status`: lag, queue, what waits for what, stopped systems, last successes and links on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from console import output
from console.jobs.listing import print_groups
from cwbridge import clock
from cwbridge import redis as redis_module
from cwbridge import settings as settings_module
from cwbridge.ledger.links import Links
from cwbridge.limits.holds import TITLES, SystemHolds
from cwbridge.queue import selection
from cwbridge.queue.counts import Counts
from cwbridge.queue.queue import Queue
from cwbridge.queue.reading import JobReader
from cwbridge.queue.selection import Group, Selection
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers.watermarks import Watermark

NO_WORKER = "no worker"
_GROUPS_SHOWN = 5
_LOOKED_AT = 10_000
"""Of how many jobs the causes are read: one screen must not take seconds however much went wrong."""
_WAITING = Selection(states=("scheduled", "waiting"))
_DEAD = Selection(states=("dead",))


class OnHold(msgspec.Struct, frozen=True):
    """A system that refused our keys, and since when."""

    system: str
    since_ms: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the bridge as Redis knows it."""

    namespace: str
    verdict: str
    """One word or two that say whether to look closer."""
    queue: dict[str, Any]
    on_hold: list[OnHold]
    waiting: list[Group]
    """What will go on later, by reason; like `dead` of the first ten thousand jobs only."""
    dead: list[Group]
    redis: redis_module.Durability
    warnings: list[str]
    jetbuilt_read_until: datetime | None
    links: dict[str, int]


async def gather(settings: Settings, redis: Redis) -> Status:
    """Read everything the screen shows."""
    namespace = settings.namespace
    queue = Queue(redis, namespace=namespace, settings=settings.queue)
    links = Links(redis, namespace=namespace)
    reader = JobReader(redis, namespace)
    counts = await queue.counts()
    lease_ms = round(settings.queue.lease_duration.total_seconds() * 1000)
    at_work = await reader.leased_since(counts.now_ms - lease_ms) > 0
    on_hold = await SystemHolds(redis, namespace=namespace).all()
    durability = await redis_module.check(redis, name=settings_module.variable("redis", "url"))
    return Status(
        namespace=namespace,
        verdict=_verdict(counts, on_hold, forsaken=not at_work and _waits_for_worker(counts, lease_ms)),
        queue={**msgspec.to_builtins(counts), "archived": await reader.archived()},
        on_hold=[OnHold(system, since_ms) for system, since_ms in sorted(on_hold.items())],
        waiting=await selection.grouped(queue, _WAITING, limit=_LOOKED_AT),
        dead=await selection.grouped(queue, _DEAD, limit=_LOOKED_AT),
        redis=durability,
        warnings=durability.warnings,
        jetbuilt_read_until=await Watermark(redis, namespace=namespace, name="jetbuilt").get(),
        links={
            "opportunities": await links.count("opportunity"),
            "companies": await links.count("company"),
            "contacts": await links.count("contact"),
        },
    )


def show(status: Status) -> None:
    """Print the screen."""
    queue, console = status.queue, output.console()
    console.print(f"[bold]cwbridge[/bold] ({status.namespace}): {status.verdict}")
    if status.verdict == NO_WORKER:
        console.print(
            "[bold]Nobody does the work that is due[/bold]  ->  Start cwbridge run, or cwbridge worker."
        )
    for stop in status.on_hold:
        title = output.escape(TITLES.get(stop.system, stop.system))
        console.print(
            f"[bold]{title} refused our keys[/bold] since {output.moment(stop.since_ms)}: its jobs wait  ->  "
            "Correct its keys and restart; its jobs then go on by themselves."
        )
    for warning in status.warnings:
        console.print(f"[bold]warning[/bold]: {output.escape(warning)}")
    rows = [
        (
            "jobs",
            f"{queue['due']} due, {queue['running'] + queue['dispatched']} running, {queue['scheduled']} scheduled, {queue['waiting']} waiting",
        ),
        ("given up", f"{queue['dead']} (held {queue['held']}, archived {queue['archived']})"),
        ("oldest due for", output.age(queue["oldest_due_age_ms"])),
        ("next due", output.moment(queue["next_due_ms"])),
        ("Jetbuilt read until", _ago(status.jetbuilt_read_until)),
        *((f"linked {noun}", str(count)) for noun, count in status.links.items()),
    ]
    console.print(output.table("", ("", ""), rows))
    _show_groups("Waiting", status.waiting, queue["scheduled"] + queue["waiting"])
    _show_groups("Given up", status.dead, queue["dead"])


def _show_groups(title: str, groups: list[Group], jobs: int) -> None:
    if not groups:
        return
    some = f" (causes of the first {_LOOKED_AT})" if jobs > _LOOKED_AT else ""
    output.console().print(f"\n[bold]{title}[/bold]{some}")
    print_groups(groups[:_GROUPS_SHOWN])
    if len(groups) > _GROUPS_SHOWN:
        output.console().print(f"... and {len(groups) - _GROUPS_SHOWN} more causes: cwbridge jobs list")


def _waits_for_worker(counts: Counts, lease_ms: int) -> bool:
    """Whether work has been due for longer than a lease, or was begun by somebody."""
    return counts.oldest_due_age_ms > lease_ms or counts.running + counts.dispatched > 0


def _verdict(counts: Counts, on_hold: dict[str, int], *, forsaken: bool) -> str:
    if on_hold:
        return "on_hold"
    if forsaken:
        return NO_WORKER
    if counts.dead:
        return "failed jobs"
    if counts.active:
        return "working"
    if counts.scheduled or counts.waiting:
        return "waiting"
    return "held" if counts.held else "settled"


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    passed = (clock.utc_now() - moment).total_seconds() * 1000
    return f"{clock.iso(moment)} ({output.age(passed)} ago)"
