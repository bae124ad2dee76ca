"""Single defences, each with a way to take it out of a process; and the constants that a fault run shortens in every process.

Production code has no switch for this: a process of the suite patches itself before it starts.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from cwbridge import locks, lua
from cwbridge.connectors.connectwise import codebase
from cwbridge.limits import shared
from cwbridge.queue.job import Run
from cwbridge.queue.lease import Lease
from cwbridge.queue.runner import Runner
from producers.jetbuilt import JetbuiltPoller
from tests.fault import billing_mutations, document_mutations, redis_mutations
from tests.fault.patching import replace
from worker.billing import document_lines
from worker.opportunity.read_ahead import ReadAhead, Snapshot
from worker.opportunity.target import Target
from worker.psa.line_plan import ActualLine, PlannedLine
from worker.psa.line_writer import LineWriter

LOCK_SECONDS = 3.0
CODEBASE_SECONDS = 1.0
SLOT_MS = 3_000
INVENTORY_PROBE = timedelta(seconds=1.5)
_GROWN = "local enqueued_meanwhile = tonumber(job.generation) > tonumber(job.run_generation)"


def quicken() -> None:
    """Make the fixed waits of production short, so that what a killed process held is free again within seconds."""
    defaults = locks.Locks.__init__.__kwdefaults__
    assert defaults is not None
    assert "lasts" in defaults
    defaults["lasts"] = LOCK_SECONDS
    for module, name, value in (
        (codebase, "_PAUSE_SECONDS", CODEBASE_SECONDS),
        (shared, "_SLOT_MS", SLOT_MS),
        (document_lines, "INVENTORY_PROBE_INTERVAL", INVENTORY_PROBE),
    ):
        assert hasattr(module, name), f"{module.__name__} has no {name} any more"
        setattr(module, name, value)


def _no_fencing_check() -> None:
    """A worker writes on, whatever has become of its lease, and nothing compares the target afterwards, which would correct it."""

    def ensure(_lease: Lease) -> None:
        return

    async def look_again(_runner: Runner, _run: Run) -> None:
        return

    def covers(_lease: Lease, _work: object) -> None:
        return

    replace(Lease, "ensure", ensure)
    replace(Lease, "covers", covers)
    replace(Runner, "_look_again", look_again)


def _no_second_look() -> None:
    """After its writes a run does not list the lines again."""
    settle, carry_out, lines = LineWriter.settle, LineWriter._carry_out, LineWriter.lines

    async def settle_remembering(
        writer: Any, desired: Sequence[PlannedLine], catalog_items: Any, **given: Any
    ) -> Any:
        writer.desired, writer.written = desired, False
        return await settle(writer, desired, catalog_items, **given)

    async def carry_out_and_believe(writer: Any, step: Any) -> None:
        await carry_out(writer, step)
        writer.written = True

    async def believed_lines(writer: Any) -> list[ActualLine]:
        if not writer.written:
            return await lines(writer)
        return [
            ActualLine(id=line.position, external_id=line.external_id, own=True) for line in writer.desired
        ]

    replace(LineWriter, "settle", settle_remembering)
    replace(LineWriter, "_carry_out", carry_out_and_believe)
    replace(LineWriter, "lines", believed_lines)


def _no_generation() -> None:
    """What is wanted while a run goes on is forgotten when it ends."""
    text = lua._text

    def without(package: str, name: str) -> str:
        script: str = text(package, name)
        if name != "settle":
            return script
        assert _GROWN in script
        return script.replace(_GROWN, "local enqueued_meanwhile = false")

    replace(lua, "_text", without)


def _no_external_id_look_up() -> None:
    """An opportunity without a link is created without a look-up of its external id."""

    async def nobody(_target: Target, _external_id: str) -> None:
        return None

    replace(Target, "_find_by_external_id", nobody)


def _no_watermark_overlap() -> None:
    """A poll begins exactly where the last one ended."""
    init = JetbuiltPoller.__init__

    def without_overlap(poller: Any, *given: Any, **named: Any) -> None:
        init(poller, *given, **{**named, "overlap": timedelta(0)})

    replace(JetbuiltPoller, "__init__", without_overlap)


def _no_identifier_lock() -> None:
    """Several jobs look for one catalog identifier, and create it, at the same time."""
    hold = locks.Locks.hold

    @contextlib.asynccontextmanager
    async def let_in(locker: Any, name: str, **given: Any) -> AsyncIterator[None]:
        if name.startswith("catalog:"):
            yield
            return
        async with hold(locker, name, **given):
            yield

    replace(locks.Locks, "hold", let_in)


def _no_end_of_what_was_read_ahead() -> None:
    """What was read ahead for one run of a key serves all later ones."""

    async def taken(reader: ReadAhead, run: Run) -> Snapshot | None:
        stored = await reader._redis.get(reader._prefix + run.key)
        return None if stored is None else msgspec.json.decode(stored, type=Snapshot)

    replace(ReadAhead, "_taken", taken)


WITHOUT: dict[str, Callable[[], None]] = {
    "the fencing check": _no_fencing_check,
    "the second look": _no_second_look,
    "the generation counter": _no_generation,
    "the external id look-up before a create": _no_external_id_look_up,
    "the watermark overlap": _no_watermark_overlap,
    "the identifier lock": _no_identifier_lock,
    "the end of what was read ahead": _no_end_of_what_was_read_ahead,
    **billing_mutations.WITHOUT,
    **document_mutations.WITHOUT,
    **redis_mutations.WITHOUT,
}
