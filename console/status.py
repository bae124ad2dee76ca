"""`cwbridge status`: lag, queue, last successes and links on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from console import output
from cwbridge import clock
from cwbridge.ledger.links import Links
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers.watermarks import Watermark


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the bridge as Redis knows it."""

    namespace: str
    queue: dict[str, Any]
    jetbuilt_read_until: datetime | None
    links: dict[str, int]

    @property
    def verdict(self) -> str:
        """One word that says whether to look closer."""
        if self.queue["dead"]:
            return "failed jobs"
        if self.queue["due"] or self.queue["running"] or self.queue["dispatched"]:
            return "working"
        return "waiting" if self.queue["later"] else "settled"


async def gather(settings: Settings, redis: Redis) -> Status:
    """Read everything the screen shows."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    links = Links(redis, namespace=settings.namespace)
    counts: dict[str, Any] = msgspec.to_builtins(await queue.counts())
    return Status(
        namespace=settings.namespace,
        queue=counts,
        jetbuilt_read_until=await Watermark(redis, namespace=settings.namespace, name="jetbuilt").get(),
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
    rows = [
        (
            "jobs",
            f"{queue['due']} due, {queue['running'] + queue['dispatched']} running, {queue['later']} later",
        ),
        ("given up", f"{queue['dead']} (held {queue['held']})"),
        ("oldest due for", output.age(queue["oldest_due_age_ms"])),
        ("next due", output.moment(queue["next_due_ms"])),
        ("Jetbuilt read until", _ago(status.jetbuilt_read_until)),
        *((f"linked {noun}", str(count)) for noun, count in status.links.items()),
    ]
    console.print(output.table("", ("", ""), rows))
    if queue["dead"]:
        console.print("Look at them with: cwbridge jobs list --state dead")


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    passed = (clock.utc_now() - moment).total_seconds() * 1000
    return f"{clock.iso(moment)} ({output.age(passed)} ago)"
