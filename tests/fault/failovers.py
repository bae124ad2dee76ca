"""What happens to the primary of a deployment with Sentinel, until another server is the primary and all others follow it."""

from __future__ import annotations

import asyncio

from tests.fault.stage import Stage

_CUT_OFF_SECONDS = (0.5, 4.0)


async def killed(stage: Stage) -> None:
    """kill -9 of the primary; it comes back as the primary that it was, or as a replica of the new one."""
    deployment = stage.sentinels.deployment
    former = await deployment.primary()
    stage.fleet.kills += 1
    await deployment.kill(former)
    await deployment.elected(former)
    await _come_back(stage, former)


async def paused(stage: Stage) -> None:
    """The primary hangs until another one is elected, then goes on with what it was asked meanwhile."""
    deployment = stage.sentinels.deployment
    former = await deployment.primary()
    deployment.pause(former)
    try:
        await deployment.elected(former)
        await asyncio.sleep(stage.dice.choice((0.0, 0.0, stage.dice.uniform(0, 2))))
    finally:
        deployment.resume(former)
    await deployment.joined()


async def losing_writes(stage: Stage) -> None:
    """The replicas are cut off before the primary is killed, so everything that it took meanwhile is lost."""
    former = await cut_off(stage)
    await asyncio.sleep(stage.dice.uniform(*_CUT_OFF_SECONDS))
    await lose(stage, former)


async def cut_off(stage: Stage) -> int:
    """No replica gets what the primary takes from now on; returns the primary."""
    former = await stage.sentinels.deployment.primary()
    await stage.sentinels.deployment.cut_replicas(former)
    return former


async def lose(stage: Stage, former: int) -> None:
    """kill -9 of a primary that was cut off, with all that only it has."""
    deployment = stage.sentinels.deployment
    stage.fleet.kills += 1
    await deployment.kill(former)
    await deployment.join_replicas(former)
    await deployment.elected(former)
    await _come_back(stage, former)


async def _come_back(stage: Stage, former: int) -> None:
    deployment = stage.sentinels.deployment
    primary = await deployment.primary()
    follows = ["--replicaof", f"127.0.0.1 {deployment.ports[primary]}"] if stage.dice.random() < 0.7 else []
    await deployment.start(former, *follows)
    await deployment.joined()
