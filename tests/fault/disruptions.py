"""Disruptions: what fails while people edit. Each goes on until it is cancelled, and cleans up after itself."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from sandbox.faults import Action, FaultRule
from tests.fault.stage import Stage

Disruption = Callable[[Stage], Awaitable[None]]
_LEASE_SECONDS = 2.0


def killing(role: str = "", *, every: float) -> Disruption:
    """kill -9 of one process after the other, at random moments; without a role anybody may be hit."""

    async def disruption(stage: Stage) -> None:
        while True:
            await asyncio.sleep(stage.dice.expovariate(1 / every))
            stage.fleet.kill_one(stage.dice, role)

    return disruption


def killing_everything(*, every: float) -> Disruption:
    """kill -9 of all workers and producers at once, and every third time of the Redis server as well."""

    async def disruption(stage: Stage) -> None:
        while True:
            await asyncio.sleep(stage.dice.expovariate(1 / every))
            stage.fleet.kill_all()
            if stage.dice.random() < 1 / 3:
                await _to_its_end(stage, restarted)

    return disruption


def answers(
    *actions: Action,
    methods: Sequence[str] = ("*",),
    probability: float,
    status: Sequence[int] = (500, 502, 503),
    seconds: tuple[float, float] = (0.0, 0.0),
    systems: Sequence[str] = ("connectwise",),
    change_every: float = 1.0,
) -> Disruption:
    """Answers go wrong with a probability; what exactly changes every now and then."""

    async def disruption(stage: Stage) -> None:
        async with _disarmed(stage, "answers"):
            while True:
                for system in systems:
                    rule = FaultRule(
                        name="answers",
                        action=stage.dice.choice(actions),
                        method=stage.dice.choice(methods),
                        probability=probability,
                        status=stage.dice.choice(status),
                        seconds=stage.dice.uniform(*seconds),
                        html=stage.dice.random() < 0.5,
                    )
                    stage.faults(system).add(rule)
                await asyncio.sleep(change_every * stage.dice.uniform(0.5, 1.5))

    return disruption


def other_prices(*, every: float) -> Disruption:
    """Another user changes prices of synced lines in ConnectWise."""

    async def disruption(stage: Stage) -> None:
        store, user = stage.box.connectwise, stage.box.connectwise_user
        while True:
            await asyncio.sleep(stage.dice.expovariate(1 / every))
            lines = [
                row["id"]
                for row in store.table("procurement/products")
                if (row.get("integrationXRef") or "").startswith("item:") and "@" in row["integrationXRef"]
            ]
            if lines:
                user.edit(
                    "procurement/products",
                    stage.dice.choice(lines),
                    {"price": Decimal(stage.dice.randrange(100, 10**5)) / 100},
                )

    return disruption


def redis(*, every: float, what: Callable[[Stage], Awaitable[None]]) -> Disruption:
    """Something happens to the Redis server every now and then."""

    async def disruption(stage: Stage) -> None:
        while True:
            await asyncio.sleep(every * stage.dice.uniform(0.5, 1.5))
            await _to_its_end(stage, what)

    return disruption


async def _to_its_end(stage: Stage, what: Callable[[Stage], Awaitable[None]]) -> None:
    """One disruption of Redis at a time, and each to its end, or the server would stay away forever."""
    async with stage.store.being_disrupted:
        doing = asyncio.ensure_future(what(stage))
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError:
            await doing
            raise


async def restarted(stage: Stage) -> None:
    stage.fleet.kills += 1
    await stage.redis.restart(away=stage.dice.choice((0.0, 0.3, 2.5)))


async def paused(stage: Stage) -> None:
    await stage.redis.pause(stage.dice.uniform(0.5, 2 * _LEASE_SECONDS))


async def wiped(stage: Stage) -> None:
    await stage.wipe()


async def disconnected(stage: Stage) -> None:
    if stage.dice.random() < 0.5:
        await stage.redis.disconnect()
    else:
        await stage.redis.hide(stage.dice.uniform(0.2, 1.5 * _LEASE_SECONDS))


async def without_power(stage: Stage) -> None:
    """Up to one second of what Redis had said yes to is gone."""
    before = stage.redis.aof.stat().st_size
    await asyncio.sleep(stage.dice.uniform(0, 1))
    stage.fleet.kills += 1
    stage.note_memory_lost(whole=False)
    lost = max(0, stage.redis.aof.stat().st_size - before)
    await stage.redis.lose_power(bytes_lost=round(lost * stage.dice.random()))


def sleeping_workers(*, every: float) -> Disruption:
    """A worker is stopped in the middle of an apply, for longer than its lease, and goes on as if nothing had happened."""

    async def disruption(stage: Stage) -> None:
        while True:
            await asyncio.sleep(every * stage.dice.random())
            await _a_write(stage)
            workers = stage.fleet.all("worker")
            if workers:
                sleeper = stage.dice.choice(workers)
                sleeper.signal(signal.SIGSTOP)
                try:
                    await asyncio.sleep(_LEASE_SECONDS * stage.dice.uniform(0.7, 2.0))
                finally:
                    sleeper.signal(signal.SIGCONT)

    return disruption


async def auditing(stage: Stage) -> None:
    """Inventory auditing goes on in the middle of an apply, and off again."""
    modes = stage.box.connectwise.modes
    try:
        while True:
            await _a_write(stage)
            await asyncio.sleep(stage.dice.uniform(0, 0.02))
            modes.inventory_auditing = stage.dice.choice(("all", "inventory"))
            await asyncio.sleep(stage.dice.uniform(0.1, 1.5))
            modes.inventory_auditing = "off"
            await asyncio.sleep(stage.dice.uniform(0.5, 1.5))
    finally:
        modes.inventory_auditing = "off"


async def moving_code_base(stage: Stage) -> None:
    """The API moves to the next release, in the middle of everything."""
    release = 1
    while True:
        await _a_write(stage)
        release += 1
        stage.box.connectwise.modes.codebase = f"v2025_{release}/"
        await asyncio.sleep(stage.dice.uniform(3, 5))


def ending_tokens(*, every: float) -> Disruption:
    """Every access token of BSS ends at once, every now and then, and the endpoint that grants new ones fails at times."""

    async def disruption(stage: Stage) -> None:
        async with _disarmed(stage, "grants"):
            while True:
                rule = FaultRule(
                    name="grants",
                    action=stage.dice.choice(("fail", "lose", "half", "delay")),
                    path="/oauth/token",
                    probability=0.4,
                    seconds=1.0,
                )
                stage.faults("bss").add(rule)
                await asyncio.sleep(every * stage.dice.uniform(0.5, 1.5))
                stage.box.bss.tokens.revoke()

    return disruption


def in_turn(*disruptions: Disruption, seconds: tuple[float, float] = (0.5, 2.0)) -> Disruption:
    """One disruption after another, and sometimes two at once."""

    async def disruption(stage: Stage) -> None:
        while True:
            chosen = stage.dice.sample(disruptions, stage.dice.choice((1, 1, 2)))
            await _for_a_while(stage, chosen, stage.dice.uniform(*seconds))

    return disruption


def together(*disruptions: Disruption) -> Disruption:
    """All of them at the same time."""

    async def disruption(stage: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            for one in disruptions:
                group.create_task(as_coroutine(one, stage))

    return disruption


async def as_coroutine(disruption: Disruption, stage: Stage) -> None:
    """A disruption is any awaitable; a task needs a coroutine."""
    await disruption(stage)


async def _for_a_while(stage: Stage, disruptions: Sequence[Disruption], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await together(*disruptions)(stage)


async def _a_write(stage: Stage) -> None:
    """The next write in the middle of an apply, or two seconds."""
    before = stage.writes
    await stage.until(lambda: stage.writes > before, within=2.0)


@asynccontextmanager
async def _disarmed(stage: Stage, name: str) -> AsyncIterator[None]:
    try:
        yield
    finally:
        stage.disarm(name)
