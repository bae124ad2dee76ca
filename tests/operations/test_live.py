"""Dashboards and alerts on a live Prometheus: faults one after another; every alert fires, and every panel has data at least once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cwbridge import errors
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies, MoneyDiscrepancy
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue
from cwbridge.queue.lanes import FreeSlots
from cwbridge.queue.outcome import DeadLettered
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from sandbox.faults import FaultRule
from sandbox.server import Options
from tests.operations.dashboards import asked
from tests.operations.live_prometheus import SPAN, Prometheus, in_fast_motion
from tests.operations.machine import Machine
from tests.operations.test_alerts import ALERTS, RULES, promtool
from tests.operations.test_runbooks import Scene
from tests.support import worlds
from tests.support.bench import Bench
from tests.support.configured import bss_section
from tests.support.until import until

pytestmark = pytest.mark.operations
_LINES = 300
_PANEL_SECONDS = 2.0
_RESTARTS = 6


@pytest.fixture
async def both(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Bench]:
    """Both flows, whose settings let little time pass."""
    options = Options(projects=2, limits=False)
    world = worlds.compact(options.seed, options.projects)
    async with Bench.opened(redis, redis_url, namespace, options, world=world) as bench:
        bench.changes = {
            "jetbuilt": {"poll_interval": "1s", "full_sync_interval": "25s", "rate_limit": "2000/10s"},
            "connectwise": {"poll_interval": "1s", "rate_limit": "200/10s"},
            "bss": {**bss_section(bench.box), "poll_interval": "2s", "rate_limit": "2000/10s"},
            "billing": {
                "account_types": {"Customer": "Client", "Reseller": "Partner", "Prospect": "Prospect"}
            },
            "queue": {"debounce": "50ms", "lease_duration": "3s", "backoff_base": "1s", "backoff_max": "2s"},
            "opportunity": {"line_strategy": "changed", "drift": "report", "inventory_probe_interval": "3s"},
        }
        yield bench


class Panels:
    """Which queries of the dashboards have returned data."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self._queries = {one: one.filled(interval=SPAN, span=SPAN, scrapes=SPAN) for one in asked()}
        self._left = dict(self._queries)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Ask those that had no data yet, again and again, while the body runs."""
        asking = asyncio.create_task(self._ask())
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.wait({asking})

    async def _ask(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_PANEL_SECONDS)

    async def look(self) -> None:
        """Ask once."""
        answered = await self._prometheus.with_data(set(self._left.values()))
        self._left = {one: query for one, query in self._left.items() if query not in answered}

    @property
    def without_data(self) -> list[str]:
        return sorted(f"{one.board}: {one.panel}: {query}" for one, query in self._left.items())


async def test_every_alert_fires_and_every_panel_has_data(both: Bench, tmp_path: Path) -> None:
    async with (
        Machine.running(tmp_path / "machine", both.environment()) as machine,
        Prometheus.scraping(machine, RULES, tmp_path / "prometheus") as prometheus,
    ):
        panels = Panels(prometheus)
        scene = Scene(both, machine)
        async with panels.watched():
            for fault in (
                _limit_and_slowness,
                _audit,
                _refusal_and_bug,
                _money,
                _throttle,
                _crash,
                _restarts,
                _system_gone,
                _credentials,
                _store,
            ):
                await fault(scene, prometheus)
                await panels.look()
    assert prometheus.firing == set(ALERTS)
    assert panels.without_data == []


async def _limit_and_slowness(scene: Scene, prometheus: Prometheus) -> None:
    """A large project uses the limit up for a while, so that it arrives late itself; rates begin with the second run that wrote."""
    await scene.edit()

    async def written() -> bool:
        return bool(await prometheus.ask('cwbridge_source_to_target_seconds_count{flow="opportunity"} > 0'))

    await until(written, what="an edit has arrived", within=120)
    scene.box.jetbuilt.add_plain_project(lines=_LINES, distinct_products=True)
    await prometheus.fires("CwbridgeLimitSaturated", "CwbridgeBehind", "CwbridgeFullSyncStale", within=120)
    await prometheus.fires("CwbridgeSlow", within=120)


async def _audit(scene: Scene, prometheus: Prometheus) -> None:
    scene.box.connectwise.modes.inventory_auditing = "all"
    await scene.edit()
    await prometheus.fires("CwbridgeInventoryAudit")
    scene.box.connectwise.modes.inventory_auditing = "off"


async def _refusal_and_bug(scene: Scene, prometheus: Prometheus) -> None:
    """Two jobs are given up, one of them with an error that nobody foresaw; a person requeues both."""
    async with scene.machine.store() as redis:
        queue = Queue(redis, namespace=scene.bench.namespace, settings=scene.bench.settings().queue)
        for number, error in enumerate((errors.Ambiguous("two of a name"), KeyError("unforeseen"))):
            key = f"jetbuilt/project/{990 + number}"
            await scene.machine.do("systemctl stop cwbridge-worker@1")
            await queue.enqueue(Enqueue(key, "opportunity", lane="interactive"))
            claim = await queue.claim(FreeSlots.beside(8, ("opportunity",), []), arq_queue="none")
            for delivery in claim.deliveries:
                run = await queue.start(delivery.key, delivery.fencing_token)
                if run is not None and run.key == key:
                    await queue.settle(run, DeadLettered(Failure.of(error)))
    await prometheus.fires("CwbridgeDeadLetters", "CwbridgeBug", "CwbridgeNoWorker", "CwbridgeDown")
    await scene.machine.do("systemctl start cwbridge-worker@1")
    await scene.machine.do("cwbridge jobs requeue --class refused --class bug")
    await scene.machine.do("cwbridge jobs archive jetbuilt/project/990 jetbuilt/project/991 || true")


async def _money(scene: Scene, prometheus: Prometheus) -> None:
    """An invoice differs, and a line that is ordered in ConnectWise is taken away in Jetbuilt."""
    async with scene.machine.store() as redis:
        ledger = MoneyDiscrepancies(redis, namespace=scene.bench.namespace)
        differing = MoneyDiscrepancy(currency="USD", source=Decimal("1.00"), target=Decimal("2.00"))
        await ledger.keep("bss/invoice/1", {"subtotal": differing})
        await _line_is_ordered(scene)
        await prometheus.fires("CwbridgeMoneyMismatch")
        await ledger.keep("bss/invoice/1", {})


async def _line_is_ordered(scene: Scene) -> None:
    family = int(scene.key.rpartition("/")[2])
    row: dict[str, Any] = scene.bench.books.products(f"jetbuilt:{family}")[0]
    scene.box.connectwise_user.edit(
        "procurement/products", row["id"], {"purchaseDate": "2026-11-01T00:00:00Z"}
    )
    project = scene.bench.active(family)
    line = int(row["integrationXRef"].split("@")[0].rpartition(":")[2])
    scene.box.jetbuilt.edit_line(project, line, price=Decimal(4321))
    await scene.there("cwbridge_mismatch_objects", what="the difference is shown")


async def _throttle(scene: Scene, prometheus: Prometheus) -> None:
    scene.box.connectwise_faults.add(
        FaultRule(name="much", action="throttle", retry_after=1, probability=0.12)
    )
    editing = asyncio.create_task(_edits(scene))
    try:
        await prometheus.fires("CwbridgeThrottled", within=90)
    finally:
        editing.cancel()
        await asyncio.wait({editing})
        scene.box.connectwise_faults.clear()


async def _edits(scene: Scene) -> None:
    while True:
        await scene.edit()
        await asyncio.sleep(1)


async def _crash(scene: Scene, prometheus: Prometheus) -> None:
    """A worker is killed in the middle of a run."""
    faults = scene.box.connectwise_faults
    faults.add(FaultRule(name="held", action="hold_before", method="GET", path="/sales/opportunities/*"))
    await scene.edit()
    await until(lambda: faults.waiting("held"), what="the job runs", within=120)
    scene.machine.kill("cwbridge-worker@1")
    faults.clear()
    await scene.machine.do("systemctl restart cwbridge-worker@1")

    async def counted() -> bool:
        return bool(await prometheus.ask(f"increase(cwbridge_job_crashes_total[{SPAN}])"))

    await until(counted, what="the crash is counted", within=60)


async def _restarts(scene: Scene, prometheus: Prometheus) -> None:
    """A worker starts again and again; each start is scraped."""
    for _ in range(_RESTARTS):
        await scene.machine.do("systemctl restart cwbridge-worker@1")
        await prometheus.scraped()
    await prometheus.fires("CwbridgeCrashLoop")


async def _system_gone(scene: Scene, prometheus: Prometheus) -> None:
    for faults in (scene.box.connectwise_faults, scene.box.jetbuilt_faults):
        faults.add(FaultRule(name="down", action="fail", status=503))
    await prometheus.fires("CwbridgeSystemUnreachable", "CwbridgePollStale", within=90)
    for faults in (scene.box.connectwise_faults, scene.box.jetbuilt_faults):
        faults.clear()


async def _credentials(scene: Scene, prometheus: Prometheus) -> None:
    scene.box.connectwise_faults.add(FaultRule(name="keys", action="fail", status=401))
    await scene.edit()
    await prometheus.fires("CwbridgeSystemOnHold")
    scene.box.connectwise_faults.clear()


async def _store(scene: Scene, prometheus: Prometheus) -> None:
    await scene.machine.do("redis-cli CONFIG SET appendonly no")
    await prometheus.fires("CwbridgeRedisNotDurable", within=90)
    await scene.machine.do("systemctl stop redis-server")
    await prometheus.fires("CwbridgeRedisDown")
    await scene.machine.do("systemctl start redis-server")


def test_rules_in_fast_motion_are_the_rules_with_less_time(tmp_path: Path) -> None:
    quick = tmp_path / "rules.yml"
    quick.write_text(in_fast_motion(RULES.read_text("utf-8")), "utf-8")
    assert "SUCCESS" in promtool("check", "rules", str(quick))
