"""Each runbook against its fault: the fault is made, the commands of the page are typed from its text, and the cause is gone.

What a page asks to be done in another system (a record corrected, a key made anew) is done between its sections Look and Fix.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies, MoneyDiscrepancy
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue
from cwbridge.queue.lanes import FreeSlots
from cwbridge.queue.outcome import DeadLettered
from cwbridge.queue.queue import Queue
from sandbox.faults import FaultRule
from tests.operations.documented_commands import Typed, commands_in
from tests.operations.machine import Machine
from tests.support.bench import Bench
from tests.support.until import until

pytestmark = pytest.mark.operations

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
QUICK = {
    "jetbuilt": {"poll_interval": "1s"},
    "connectwise": {"rate_limit": "6000/60s"},
    "queue": {"debounce": "50ms"},
}


class Scene:
    """A machine at work, the stand-ins beside it, and one runbook."""

    def __init__(self, bench: Bench, machine: Machine) -> None:
        self.bench = bench
        self.machine = machine
        self.box = bench.box
        self.key = f"jetbuilt/project/{bench.families()[0]}"

    async def type(self, alert: str, section: str, *, may_fail: bool = False, key: str = "") -> None:
        """Type every command of a section; KEY and the example key stand for the key of the scene."""
        for one in section_commands(alert, section):
            command = re.sub(r"\bKEY\b|jetbuilt/project/97737", key or self.key, one.command)
            await self.machine.type(Typed(command, one.expected), may_fail=may_fail)

    async def edit(self) -> None:
        """A sales person changes a price."""
        project = self.bench.active(int(self.key.rpartition("/")[2]))
        line = next(one for one in self.box.jetbuilt.project(project).lines if one.option_id is None)
        self.box.jetbuilt.edit_line(project, line.id, price=int(time.time()) % 10_000 + 1)

    async def gone(self, series: str, *, what: str, **labels: str) -> None:
        """Wait until a series of the producers is 0."""

        async def none() -> bool:
            return await self.machine.metric(series, **labels) == 0

        await until(none, what=what, within=60)

    async def there(self, series: str, *, what: str, **labels: str) -> None:
        """Wait until a series of the producers is above 0."""
        await until(lambda: self.machine.metric(series, **labels), what=what, within=60)


def section_commands(alert: str, section: str) -> list[Typed]:
    text = (RUNBOOKS / f"{alert}.md").read_text("utf-8")
    (found,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return commands_in(found)


Play = Callable[[Scene, str], Awaitable[None]]
PLAYS: dict[str, Play] = {}


def play(alert: str) -> Callable[[Play], Play]:
    def keep(one: Play) -> Play:
        PLAYS[alert] = one
        return one

    return keep


@pytest.fixture
async def quick(bench: Bench) -> Bench:
    """The stand-ins, and settings under which little time passes."""
    bench.changes = dict(QUICK)
    return bench


async def _dead_worker(scene: Scene, alert: str) -> None:
    scene.machine.kill("cwbridge-worker@1")
    await _is_dead(scene, "cwbridge-worker@1")
    await scene.type(alert, "Look", may_fail=True)
    await scene.type(alert, "Fix")
    assert "active (running)" in await scene.machine.do("systemctl status cwbridge-worker@1")
    await scene.there("cwbridge_workers", what="the worker is seen")


async def _is_dead(scene: Scene, unit: str) -> None:
    async def dead() -> bool:
        return "inactive" in await scene.machine.do(f"systemctl status {unit} || true")

    await until(dead, what=f"{unit} is dead")


PLAYS["CwbridgeDown"] = _dead_worker


@play("CwbridgeNoWorker")
async def no_worker(scene: Scene, alert: str) -> None:
    await scene.machine.do("systemctl stop cwbridge-worker@1")
    await scene.gone("cwbridge_workers", what="no worker is seen")
    await scene.type(alert, "Look", may_fail=True)
    await scene.type(alert, "Fix")
    await scene.there("cwbridge_workers", what="the worker is seen")


@play("CwbridgePollStale")
async def poll_stale(scene: Scene, alert: str) -> None:
    scene.box.jetbuilt_faults.add(FaultRule(name="down", action="fail", status=503))
    await until(
        lambda: "schedule_failing" in (scene.machine.home / "cwbridge-producers.log").read_text(),
        what="the poll fails",
    )
    before = await scene.machine.metric(POLLED, schedule="jetbuilt_poll")
    await scene.type(alert, "Look", may_fail=True)
    scene.box.jetbuilt_faults.clear()
    await scene.type(alert, "Fix")

    async def polled() -> bool:
        return await scene.machine.metric(POLLED, schedule="jetbuilt_poll") > before

    await until(polled, what="a poll succeeds", within=60)


POLLED = "cwbridge_schedule_last_success_timestamp_seconds"


@play("CwbridgeBehind")
async def behind(scene: Scene, alert: str) -> None:
    scene.machine.kill("cwbridge-worker@1", signal.SIGSTOP)
    await scene.edit()
    await scene.there("cwbridge_queue_oldest_pending_age_seconds", what="a job is pending")
    await scene.type(alert, "Look")
    await scene.type(alert, "Fix")
    await scene.machine.settled()


@play("CwbridgeSlow")
async def slow(scene: Scene, alert: str) -> None:
    scene.box.connectwise_faults.add(FaultRule(name="slow", action="delay", seconds=0.3))
    await scene.edit()
    await scene.there("cwbridge_queue_oldest_pending_age_seconds", what="a job is pending")
    await scene.type(alert, "Look")
    await scene.type(alert, "Fix")
    scene.box.connectwise_faults.clear()
    await scene.machine.settled()


@play("CwbridgeDeadLetters")
async def dead_letters(scene: Scene, alert: str) -> None:
    scene.box.connectwise_faults.add(
        FaultRule(name="role", action="fail", status=403, method="GET", path="/sales/opportunities/*")
    )
    await scene.edit()
    await scene.there("cwbridge_dead_letters", what="a job is dead")
    await scene.type(alert, "Look")
    scene.box.connectwise_faults.clear()
    await scene.type(alert, "Fix")
    await scene.gone("cwbridge_dead_letters", what="no job is dead")
    await scene.machine.settled()


@play("CwbridgeBug")
async def bug(scene: Scene, alert: str) -> None:
    await scene.machine.do("systemctl stop cwbridge-worker@1")
    async with scene.machine.store() as redis:
        queue = Queue(redis, namespace=scene.bench.namespace, settings=scene.bench.settings().queue)
        await queue.enqueue(Enqueue(scene.key, "opportunity", lane="interactive", mode="force"))
        slots = FreeSlots.beside(8, ("opportunity",), [])
        claim = await queue.claim(slots, arq_queue="none")
        (delivery,) = claim.deliveries
        run = await queue.start(delivery.key, delivery.fencing_token)
        assert run is not None
        await queue.settle(run, DeadLettered(Failure.of(KeyError("unforeseen"))))
    await scene.there("cwbridge_dead_letters", error="KeyError", what="the job is dead")
    await scene.type(alert, "Look")
    await scene.machine.do("systemctl start cwbridge-worker@1")
    await scene.type(alert, "Fix")
    await scene.gone("cwbridge_dead_letters", what="no job is dead")
    await scene.machine.settled()


@play("CwbridgeCrashLoop")
async def crash_loop(scene: Scene, alert: str) -> None:
    faults = scene.box.connectwise_faults
    faults.add(FaultRule(name="held", action="hold_before", method="POST", path="/procurement/products"))
    await scene.edit()
    await until(lambda: faults.waiting("held"), what="the job runs", within=60)
    scene.machine.kill("cwbridge-worker@1")
    await _is_dead(scene, "cwbridge-worker@1")
    faults.clear()
    await scene.type(alert, "Look")
    await scene.type(alert, "Fix")

    async def held() -> bool:
        return await scene.machine.metric("cwbridge_queue_jobs", state="held") == 1

    await until(held, what="the job is held", within=60)
    await scene.machine.settled()


@play("CwbridgeSystemOnHold")
async def system_on_hold(scene: Scene, alert: str) -> None:
    scene.box.connectwise_faults.add(FaultRule(name="keys", action="fail", status=401))
    await scene.edit()
    await scene.there("cwbridge_system_on_hold", system="connectwise", what="ConnectWise is on hold")
    await scene.type(alert, "Look")
    scene.box.connectwise_faults.clear()
    # The stand-in takes one key only, so the new one is the old one.
    key = (scene.machine.home / "etc" / "secrets" / "connectwise__private_key").read_text()
    for one in section_commands(alert, "Fix"):
        await scene.machine.type(Typed(one.command.replace("THE NEW KEY", key), one.expected))
    await scene.gone("cwbridge_system_on_hold", system="connectwise", what="ConnectWise is not on hold")
    await scene.machine.settled()


@play("CwbridgeSystemUnreachable")
async def system_unreachable(scene: Scene, alert: str) -> None:
    scene.box.connectwise_faults.add(FaultRule(name="down", action="fail", status=503))
    await scene.edit()
    await until(lambda: scene.box.connectwise_faults.hits("down") > 1, what="calls fail", within=60)
    await scene.type(alert, "Look", may_fail=True)
    scene.box.connectwise_faults.clear()
    await scene.type(alert, "Fix")
    await scene.machine.settled()


@play("CwbridgeThrottled")
async def throttled(scene: Scene, alert: str) -> None:
    scene.box.connectwise_faults.add(FaultRule(name="much", action="throttle", retry_after=1, times=2))
    await scene.edit()
    await until(lambda: scene.box.connectwise_faults.hits("much"), what="calls are refused", within=60)
    await scene.type(alert, "Look")
    await scene.type(alert, "Fix")
    await scene.machine.settled()


@play("CwbridgeLimitSaturated")
async def limit_saturated(scene: Scene, alert: str) -> None:
    await scene.edit()
    await scene.type(alert, "Look")
    await scene.type(alert, "Fix")
    await scene.machine.settled()


@play("CwbridgeInventoryAudit")
async def inventory_audit(scene: Scene, alert: str) -> None:
    scene.box.connectwise.modes.inventory_auditing = "all"
    await scene.edit()
    await scene.there("cwbridge_jobs_waiting", error="InventoryLocked", what="a job waits")
    await scene.type(alert, "Look")
    scene.box.connectwise.modes.inventory_auditing = "off"
    await scene.type(alert, "Fix")
    await scene.gone("cwbridge_jobs_waiting", error="InventoryLocked", what="no job waits")
    await scene.machine.settled()


@play("CwbridgeMoneyMismatch")
async def money_mismatch(scene: Scene, alert: str) -> None:
    async with scene.machine.store() as redis:
        ledger = MoneyDiscrepancies(redis, namespace=scene.bench.namespace)
        differing = MoneyDiscrepancy(currency="USD", source=Decimal("1.00"), target=Decimal("2.00"))
        await ledger.keep(scene.key, {"subtotal": differing})
        await scene.there("cwbridge_mismatch_objects", what="the difference is shown")
        await scene.type(alert, "Look")
        # Only the flow of BSS keeps these; the scene has none, so the correction of the bookkeeper is played.
        await ledger.keep(scene.key, {})
    await scene.type(alert, "Fix")
    await scene.gone("cwbridge_mismatch_objects", what="nothing differs")


@play("CwbridgeRedisDown")
async def redis_down(scene: Scene, alert: str) -> None:
    await scene.machine.do("systemctl stop redis-server")
    await scene.type(alert, "Look", may_fail=True)
    await scene.type(alert, "Fix")
    await scene.there("cwbridge_redis_up", what="Redis is found again")
    await scene.edit()
    await scene.machine.settled()


@play("CwbridgeRedisNotDurable")
async def redis_not_durable(scene: Scene, alert: str) -> None:
    for setting in ("maxmemory-policy allkeys-lru", "appendonly no"):
        await scene.machine.do(f"redis-cli CONFIG SET {setting}")
    await scene.type(alert, "Look")
    await scene.type(alert, "Fix")
    assert "warning" not in await scene.machine.do("cwbridge status")


@play("CwbridgeFullSyncStale")
async def full_sync_stale(scene: Scene, alert: str) -> None:
    await scene.machine.do("systemctl stop cwbridge-producers")
    async with scene.machine.store() as redis:
        await redis.set(f"{scene.bench.namespace}:schedule:jetbuilt_full_sync", 1)
    await scene.type(alert, "Look", may_fail=True)
    await scene.type(alert, "Fix")

    async def synced() -> bool:
        at = await scene.machine.metric(
            "cwbridge_full_sync_last_success_timestamp_seconds", source="jetbuilt"
        )
        return at > time.time() - 120

    await until(synced, what="a full sync has succeeded", within=60)


@pytest.mark.parametrize("alert", sorted(PLAYS))
async def test_the_commands_of_a_runbook_show_the_cause_and_cure_it(
    quick: Bench, tmp_path: Path, alert: str
) -> None:
    async with Machine.running(tmp_path / "machine", quick.environment()) as machine:
        await machine.settled()
        await PLAYS[alert](Scene(quick, machine), alert)


def test_every_runbook_is_played() -> None:
    assert {page.stem for page in RUNBOOKS.glob("Cwbridge*.md")} == set(PLAYS)
