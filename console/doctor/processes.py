"""Check of the processes: producers and workers were seen in the last half minute, and are of one version."""

from __future__ import annotations

from collections.abc import Sequence

import redis.exceptions as redis_exceptions

from console.doctor.opening import EmbeddedNotRunning, Opening
from cwbridge import checks, errors, presence
from cwbridge.checks import Check, Result
from cwbridge.presence import Presence

_WHAT = "processes"
_START = "Start `cwbridge run`, or the services of producers and workers, when everything else is well."


def process_checks(opening: Opening) -> list[Check]:
    """One check."""

    async def look() -> Sequence[Result]:
        try:
            client = await opening.store()
            found = await presence.present(client, opening.settings.namespace)
        except EmbeddedNotRunning:
            return [checks.ok(_WHAT, "none runs yet")]
        except (errors.StoreUnavailable, TimeoutError, redis_exceptions.RedisError):
            return [checks.warning(_WHAT, "not known without Redis", "See the check of Redis.")]
        return [_seen(found)]

    return [Check(name=_WHAT, run=look)]


def _seen(found: Sequence[Presence]) -> Result:
    if not found:
        return checks.ok(_WHAT, "none was seen in the last half minute")
    detail, services = presence.told(found), presence.by_service(found)
    for service in ("producers", "worker"):
        if not services[service]:
            return checks.warning(_WHAT, f"{detail}; no {service} in the last half minute", _START)
    versions = sorted({one.version for one in found})
    if len(versions) > 1:
        return checks.warning(
            _WHAT,
            f"{detail}, of versions {', '.join(versions)}",
            "Finish the upgrade: restart the older ones.",
        )
    return checks.ok(_WHAT, f"{detail}, version {versions[0]}")
