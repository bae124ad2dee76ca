"""Checks of each system: reachable, trusted, credentials, clock, limits, and what may be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import redis.exceptions as redis_exceptions

from console import output
from console.doctor import clocks
from console.doctor.opening import Opening
from cwbridge import access, checks, clock, concurrency, errors
from cwbridge import settings as settings_module
from cwbridge.access import Access
from cwbridge.checks import Check, NotChecked, Result
from cwbridge.connectors.system import System
from cwbridge.flow import Flow
from cwbridge.redis import reply

_ACCESS_SECONDS = 22.0
_AT_ONCE = 6
_RECENT_MS = 86_400_000


def system_checks(opening: Opening, flows: Sequence[Flow]) -> list[Check]:
    """The checks of every system that a flow needs."""
    systems = {system.name: system for flow in flows for system in flow.systems}.values()
    rights = access.merged(right for flow in flows for right in flow.access())
    found = []
    for system in systems:
        found += [
            Check(name=system.title, run=_bound(_reachable, opening, system)),
            Check(name=f"{system.title} limits", run=_bound(_limits, opening, system)),
            Check(
                name=f"{system.title} read access",
                run=_bound(
                    _readable, opening, system, [one for one in rights if one.system.name == system.name]
                ),
                seconds=_ACCESS_SECONDS,
            ),
        ]
    return [*found, *_write_checks(rights)]


def _bound(act: Callable[..., Any], *given: Any) -> Callable[[], Any]:
    return lambda: act(*given)


async def _reachable(opening: Opening, system: System[Any]) -> list[Result]:
    variables = ", ".join(settings_module.variable(system.name, name) for name in system.required)
    try:
        opened = await opening.system(system)
    except errors.SettingsError as error:
        return [checks.broken(system.title, error.cause, error.remedy)]
    except errors.Throttled as error:
        return [checks.warning(system.title, str(error), error.remedy)]
    except errors.Retry as error:
        remedy = f"Check {settings_module.variable(system.name, 'url')}, the network and the system's own status page. {error.remedy}"
        return [checks.broken(system.title, str(error), remedy)]
    except errors.WorkError as error:
        return [checks.broken(system.title, str(error), f"{error.remedy} The settings are {variables}.")]
    url = opening.settings.of(system.settings).url or ""
    trusted = "TLS verified" if url.startswith("https://") else "without TLS, on this machine"
    found = [checks.ok(system.title, f"reachable, {trusted}, credentials work, {opened.about}")]
    if opened.ahead is None:
        return [*found, checks.ok(f"clock of {system.title}", "its answers tell no time")]
    return [*found, clocks.compared(f"clock of {system.title}", system.title, opened.ahead)]


async def _limits(opening: Opening, system: System[Any]) -> list[Result]:
    what, section = f"{system.title} limits", opening.settings.of(system.settings)
    rate, published = section.rate_limit, system.published_rate
    name = settings_module.variable(system.name, "rate_limit")
    told = f"configured {rate}, {section.concurrency} at once; " + (
        f"published {published}" if published is not None else "none is published"
    )
    seen = await _last_throttle(opening, system)
    detail = f"{told}; {seen}"
    if rate.unlimited:
        return [
            checks.warning(what, detail, f"Set {name}: without it, calls are refused when much has changed.")
        ]
    if published is not None and rate.calls / rate.seconds > published.calls / published.seconds:
        return [checks.warning(what, detail, f"Set {name} to {published} or less.")]
    return [checks.ok(what, detail)]


async def _last_throttle(opening: Opening, system: System[Any]) -> str:
    try:
        redis = await opening.redis()
        state = await reply(redis.hgetall(f"{opening.settings.namespace}:limit:{system.name}:state"))
    except (NotChecked, redis_exceptions.RedisError, TimeoutError):
        return "the last 429 is not known without Redis"
    cut_at = state.get(b"cut_at")
    if cut_at is None:
        return "no 429 seen"
    at_ms = int(float(cut_at))
    return f"last 429 {output.age(clock.now_ms() - at_ms)} ago"


async def _readable(opening: Opening, system: System[Any], rights: Sequence[Access]) -> list[Result]:
    """Each endpoint is asked for one record."""
    what = f"{system.title} read access"
    client = await opening.client(system)
    asked = [right for right in rights if right.probe is not None]
    results = await concurrency.gather_limited(
        (_probed(what, right, client) for right in asked), limit=_AT_ONCE
    )
    refused = [one for one in results if isinstance(one, Result)]
    empty = [right.endpoint for right, one in zip(asked, results, strict=True) if one is False]
    if refused:
        return refused
    unasked = f"; no record to ask about: {', '.join(empty)}" if empty else ""
    return [checks.ok(what, f"{len(asked) - len(empty)} of {len(asked)} endpoints can be read{unasked}")]


async def _probed(what: str, right: Access, client: Any) -> bool | Result:
    assert right.probe is not None  # noqa: S101 - chosen by the caller
    try:
        return await right.probe(client)
    except errors.NotFound:
        return False
    except errors.Refused as error:
        return checks.broken(
            what,
            f"{right.endpoint} cannot be read ({right.why}): {error.cause}",
            "Give the API member's role the right that docs/connectwise-role.md lists for it."
            if isinstance(error, errors.PermissionRefused)
            else error.remedy,
        )
    except (errors.Wait, errors.Retry) as error:
        return checks.warning(what, f"not checked: {right.endpoint}: {error.cause}", error.remedy)


def _write_checks(rights: Iterable[Access]) -> list[Check]:
    """Rights to write cannot be asked for: tell so, and name the first write of each system that will prove them."""
    found = []
    by_system: dict[str, list[Access]] = {}
    for right in rights:
        if right.proof:
            by_system.setdefault(right.system.title, []).append(right)
    for title, writes in by_system.items():
        what = f"{title} write access"
        first = next(
            (one for one in writes if one.endpoint.endswith(("opportunities", "accounts"))), writes[0]
        )
        result = checks.ok(
            what,
            f"cannot be asked without a write; {len(writes)} endpoints are written, and the first proof is "
            f"POST {first.endpoint} at {first.proof}; docs/connectwise-role.md lists all",
        )
        found.append(Check(name=what, run=_bound(_said, result)))
    return found


async def _said(result: Result) -> list[Result]:
    return [result]
