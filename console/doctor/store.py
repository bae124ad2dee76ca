"""Checks of Redis: reachable, durable, with room, quick, and with the same time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import redis.exceptions as redis_exceptions

from console.doctor import clocks
from console.doctor.opening import EmbeddedNotRunning, Opening
from cwbridge import checks, embedded_redis, errors
from cwbridge import settings as settings_module
from cwbridge.checks import Check, Result
from cwbridge.redis import Redis

_WHAT = "Redis"
_PINGS = 5
_SLOW_MS = 20.0
_FULL = 0.8
_OLDEST_MAJOR = 6


def store_checks(opening: Opening) -> list[Check]:
    """One check with a result for each property."""

    async def look() -> Sequence[Result]:
        try:
            client = await opening.store()
        except EmbeddedNotRunning:
            return [_embedded(opening)]
        except (errors.StoreUnavailable, TimeoutError) as error:
            return [_unreachable(error)]
        try:
            return await _looked(client, opening)
        except redis_exceptions.RedisError as error:
            return [_unreachable(error)]

    return [Check(name=_WHAT, run=look)]


def _embedded(opening: Opening) -> Result:
    try:
        embedded_redis.server_binary()
    except errors.StoreUnavailable as error:
        return checks.broken(_WHAT, error.cause, error.remedy)
    home = opening.settings.state_dir.absolute()
    return checks.ok(
        _WHAT, f"embedded in {home}: does not run now, starts with the daemon, durable; for one machine only"
    )


def _unreachable(error: Exception) -> Result:
    name = settings_module.variable("redis", "url")
    cause = error.cause if isinstance(error, errors.StoreUnavailable) else f"it fails: {type(error).__name__}"
    remedy = error.remedy if isinstance(error, errors.StoreUnavailable) else f"Check {name} and the server."
    return checks.broken(_WHAT, cause, remedy)


async def _looked(client: Redis, opening: Opening) -> list[Result]:
    info: dict[str, Any] = await client.info()
    return [
        await _server(client, info, opening),
        *await _durability(client),
        _memory(info),
        await _clock(client),
    ]


async def _server(client: Redis, info: dict[str, Any], opening: Opening) -> Result:
    taken = []
    for _ in range(_PINGS):
        began = time.perf_counter()
        await client.ping()
        taken.append((time.perf_counter() - began) * 1000)
    latency = statistics.median(taken)
    kind = "embedded" if opening.settings.redis.url is None else "of its own"
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version") or "?")
    detail = f"{name} {version}, {kind}, answers in {latency:.1f} ms"
    major = version.partition(".")[0]
    if major.isdecimal() and int(major) < _OLDEST_MAJOR:
        return checks.broken(_WHAT, detail, f"Use Redis {_OLDEST_MAJOR}.2 or newer, or Valkey.")
    if latency > _SLOW_MS:
        return checks.warning(
            _WHAT,
            detail,
            "Run Redis near the workers: each job asks it several times, so its latency limits them.",
        )
    return checks.ok(_WHAT, detail)


async def _durability(client: Redis) -> list[Result]:
    what = "Redis durability"
    try:
        policy, appends, save = [
            (await client.config_get(name)).get(name, "")
            for name in ("maxmemory-policy", "appendonly", "save")
        ]
    except redis_exceptions.ResponseError:
        return [
            checks.warning(
                what,
                "not checked: the server forbids CONFIG",
                "See to it that maxmemory-policy is noeviction and appendonly is yes, where the service is configured.",
            )
        ]
    found = []
    if policy != "noeviction":
        found.append(
            checks.broken(
                what,
                f"maxmemory-policy is {policy}: when memory is full, Redis evicts jobs and links",
                "Set maxmemory-policy to noeviction.",
            )
        )
    if appends != "yes":
        kept = "only snapshots are kept" if save else "nothing is kept across a restart"
        found.append(
            checks.warning(
                what,
                f"appendonly is {appends or 'unknown'}: {kept}",
                "Set appendonly to yes (the next full sync enqueues lost jobs again).",
            )
        )
    return found or [checks.ok(what, "appendonly yes, maxmemory-policy noeviction")]


def _memory(info: dict[str, Any]) -> Result:
    what = "Redis memory"
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    total = limit or int(info.get("total_system_memory", 0))
    bound = "maxmemory" if limit else "memory of its machine"
    if not total:
        return checks.ok(what, f"{used // 1024**2} MiB used, no limit is told")
    detail = f"{used // 1024**2} of {total // 1024**2} MiB ({bound}) used"
    if used > _FULL * total:
        return checks.broken(
            what, detail, "Raise maxmemory or move Redis: it refuses writes when it is full."
        )
    return checks.ok(what, detail)


async def _clock(client: Redis) -> Result:
    before = time.time()
    seconds, microseconds = await client.time()
    here = (before + time.time()) / 2
    return clocks.compared("clock of Redis", "Redis", seconds + microseconds / 1_000_000 - here)
