"""Live progress: redrawn on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import asyncio
import time
from itertools import zip_longest

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from console import output
from console.tally import Tally
from cwbridge import metrics
from cwbridge.flow import Flows
from cwbridge.ledger.history import Event
from cwbridge.queue.counts import Counts
from cwbridge.queue.queue import Queue
from cwbridge.text import shown

_REDRAW_SECONDS = 0.25
_LINE_SECONDS = 5.0


class Progress:
    """Shows the tally and the queue while the body runs."""

    def __init__(
        self, queue: Queue, tally: Tally, flows: Flows, *, title: str, console: Console | None = None
    ) -> None:
        self._queue = queue
        self._tally = tally
        self._flows = flows
        self._systems = {system.name: system.title for flow in flows for system in flow.systems}
        self._title = title
        self._console = console or output.console()
        self._started = time.monotonic()
        self._counts: Counts | None = None

    async def show(self) -> None:
        """Redraw until cancelled."""
        if not self._console.is_terminal:
            await self._lines()
            return
        with Live(self._picture(), console=self._console, refresh_per_second=8, transient=True) as live:
            while True:
                await asyncio.sleep(_REDRAW_SECONDS)
                self._counts = await self._queue.counts()
                live.update(self._picture())

    async def _lines(self) -> None:
        while True:
            await asyncio.sleep(_LINE_SECONDS)
            self._counts = await self._queue.counts()
            self._console.print(self._line())

    def _line(self) -> str:
        tally, waiting = self._tally, self._waiting()
        return (
            f"{time.monotonic() - self._started:6.1f} s  settled {tally.settled}  skipped {tally.skipped}  "
            f"waiting {waiting}  {tally.told}  "
            f"lines +{tally.lines_created} -{tally.lines_deleted}  "
            f"calls {', '.join(f'{_calls(name)} {title}' for name, title in self._systems.items())}"
        )

    def _waiting(self) -> int:
        return (
            0 if self._counts is None else self._counts.active + self._counts.scheduled + self._counts.waiting
        )

    def _picture(self) -> Group:
        tally, counts = self._tally, self._counts
        done = tally.settled + tally.skipped
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=max(1, done + self._waiting()), completed=done, width=40),
            f"{done} of {done + self._waiting()}",
        )
        facts = Table.grid(padding=(0, 2))
        facts.add_row("settled", str(tally.settled), "skipped", str(tally.skipped))
        running = "-" if counts is None else str(counts.running + counts.dispatched)
        dead = "-" if counts is None else str(counts.dead)
        facts.add_row("running", running, "dead", dead)
        facts.add_row("lines created", str(tally.lines_created), "lines deleted", str(tally.lines_deleted))
        records = [(noun, str(count)) for noun, count in tally.records.items()]
        calls = [(f"{title} calls", _calls(name)) for name, title in self._systems.items()]
        for record, call in zip_longest(records, calls, fillvalue=("", "")):
            facts.add_row(*record, *call)
        events = Table.grid(padding=(0, 2))
        for key, event in tally.latest:
            events.add_row(Text(shown(key)), Text(shown(describe(self._flows, key, event))))
        elapsed = f"{time.monotonic() - self._started:.0f} s"
        return Group(Text(f"{self._title}  {elapsed}", style="bold"), bar, facts, Text(""), events)


def describe(flows: Flows, key: str, event: Event) -> str:
    """One event in a few words, as its flow describes it."""
    return flows.of_key(key).describe(key, event)


def _calls(system: str) -> str:
    total = sum(
        sample.value
        for family in metrics.API_REQUESTS.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels.get("system") == system
    )
    return f"{total:.0f}"
