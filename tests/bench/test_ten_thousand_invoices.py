"""Ten thousand invoices of three lines each: calls, memory of the worker, and an edit of the other flow beside them.

Measured in one run; `make bench` prints it. `CWBRIDGE_BENCH_INVOICES` plays another number of them.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from cwbridge.ledger.links import Links
from cwbridge.queue.job import Enqueue
from cwbridge.redis import Redis
from sandbox.server import Options
from tests.bench import figures
from tests.support import commands
from tests.support.bench import Bench
from tests.support.configured import bss_section
from worker.opportunity.project_key import ProjectKey

pytestmark = pytest.mark.bench
INVOICES = int(os.environ.get("CWBRIDGE_BENCH_INVOICES", "10000"))
EDITS = 5
CONCURRENCY = AT_ONCE = 6
ACCOUNT_TYPES = {"Customer": "Client", "Reseller": "Partner", "Prospect": "Prospect"}
LEAST_CALLS = 8
"""For a new invoice: read in BSS, looked for, made, one line tried, two more lines, the lines and the computed total read again."""
MEGABYTES = 150
LONGEST_SECONDS = 1_500


class Edit(msgspec.Struct, frozen=True):
    """One edit from the moment it is wanted until it is settled, with the calls of everybody meanwhile."""

    seconds: float
    calls: int


@pytest.fixture
async def bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Bench]:
    async with Bench.opened(redis, redis_url, namespace, Options(projects=3, limits=False)) as opened:
        for collection in ("payments", "invoices", "orders", "subscriptions"):
            for document in list(opened.box.bss.rows(collection)):
                opened.box.bss.remove(collection, document)
        # The tenant begins with two products of one code, of which ConnectWise takes one.
        for number, product in enumerate(list(opened.box.bss.rows("products"))):
            opened.box.bss_user.edit("products", product, {"code": f"P-{number}"})
        opened.changes = {
            "connectwise": {"concurrency": CONCURRENCY},
            "opportunity": {"apply_concurrency": AT_ONCE},
            "bss": {
                **bss_section(opened.box),
                "rate_limit": "off",
                "concurrency": CONCURRENCY,
            },
            "billing": {
                "account_types": ACCOUNT_TYPES,
                "push": ["account", "contact", "product", "invoice"],
            },
        }
        yield opened


def calls(bench: Bench) -> int:
    return bench.box.connectwise_calls.count() + bench.box.bss_calls.count()


def peak_megabytes(process: int) -> float:
    """The most memory that a process has had at any time."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


async def settled(bench: Bench, key: str) -> None:
    while await bench.job(key) is not None:  # noqa: ASYNC110 - the worker is another process
        await asyncio.sleep(0.005)


async def edited(bench: Bench, family: int, number: int) -> Edit:
    """A price in Jetbuilt, as a person asks for it with the debounce over."""
    project, key = bench.active(family), str(ProjectKey(family))
    line = next(line for line in bench.box.jetbuilt.project(project).lines if line.option_id is None)
    bench.box.jetbuilt.edit_line(project, line.id, price=Decimal(1000 + number))
    began, before = time.perf_counter(), bench.box.connectwise_calls.count()
    await bench.queue.enqueue(Enqueue(key, "opportunity"))
    await settled(bench, key)
    return Edit(time.perf_counter() - began, bench.box.connectwise_calls.count() - before)


async def test_ten_thousand_invoices(bench: Bench, redis: Redis, namespace: str, tmp_path: Path) -> None:
    await bench.sync(full=True)
    links = await Links(redis, namespace=namespace).all("company")
    linked = [int(one.removeprefix("bss:account:")) for one in links if one.startswith("bss:account:")]
    known = set(bench.box.bss.rows("invoices"))
    bench.box.bss_user.add_invoices(INVOICES, accounts=sorted(linked))
    keys = [f"bss/invoice/{one}" for one in bench.box.bss.rows("invoices") if one not in known]
    assert len(keys) == INVOICES
    small = min(
        bench.families(), key=lambda family: len(bench.box.jetbuilt.project(bench.active(family)).lines)
    )
    async with commands.running("worker", env=bench.environment(), cwd=tmp_path, fresh=True) as worker:
        alone = [await edited(bench, small, number) for number in range(EDITS)]
        began, before = time.perf_counter(), calls(bench)
        await bench.queue.enqueue(*(Enqueue(key, "billing") for key in keys))
        beside = [await edited(bench, small, EDITS + number) for number in range(EDITS)]
        async with asyncio.timeout(LONGEST_SECONDS):
            while (await bench.queue.counts()).active:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        seconds = time.perf_counter() - began
        peak = peak_megabytes(worker.process.pid)
    own = statistics.median(edit.calls for edit in alone)
    made = calls(bench) - before - EDITS * own
    least = INVOICES * LEAST_CALLS
    quick, slow = (statistics.median(edit.seconds for edit in edits) for edits in (alone, beside))
    print(
        f"\n{INVOICES} invoices of three lines in {seconds:.0f} s: {made:.0f} calls, "
        f"{100 * made / least - 100:.1f} % above the least possible (at most 5); "
        f"the worker had at most {peak:.0f} MB (at most {MEGABYTES}); an edit of {own:.0f} calls of the other flow took "
        f"{slow / quick:.1f} times as long as alone"
    )
    figures.note("memory, invoices", f"{peak:.0f} MB", reached=peak < MEGABYTES)
    assert await Links(redis, namespace=namespace).count("invoice") == INVOICES
    assert made <= 1.05 * least
    assert peak < MEGABYTES
    assert max(edit.calls for edit in beside) - own <= (CONCURRENCY + AT_ONCE) * own
