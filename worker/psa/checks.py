"""What `cwbridge doctor` looks at in ConnectWise for every flow: lists of names, moments in conditions, inventory auditing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from cwbridge import checks, errors
from cwbridge.checks import AskedName, Check, KnownName, Looker, NameList, Result
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.client import ConnectWiseClient
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.redis import Redis

T = TypeVar("T", bound=models.Tracked)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER = datetime(2999, 1, 1, tzinfo=UTC)


def name_list(
    noun: str,
    resource: Callable[[ConnectWiseClient], Resource[T]],
    *,
    values_of: Sequence[str],
    asked: Iterable[AskedName] = (),
    names_of: Callable[[Any], Iterable[str | None]] = lambda row: (row.name,),
    counts: Callable[[Any], bool] = lambda _row: True,
) -> NameList:
    """A set-up table of ConnectWise as a list of names; only rows that `counts` accepts are in it."""

    async def read(client: ConnectWiseClient) -> Sequence[KnownName]:
        rows = map(unclear.left_out, await resource(client).find())
        return [
            KnownName(names, active=not getattr(row, "inactiveFlag", None))
            for row in rows
            if counts(row) and (names := tuple(name for name in names_of(row) if name))
        ]

    return NameList(noun=noun, system=CONNECTWISE, read=read, values_of=tuple(values_of), asked=tuple(asked))


def members(setting: str, name: str | None, *, more: tuple[str, Iterable[str]] | None = None) -> NameList:
    """The members of the tenant: `setting` names one, and `more` is a table of the settings with the members that it names."""
    asked = [AskedName(name=name, setting=setting)] if name else []
    table, others = more or ("", ())
    asked += [AskedName(name=other, setting=table) for other in dict.fromkeys(others)]
    return name_list(
        "member",
        lambda client: client.members,
        values_of=(setting, table) if table else (setting,),
        asked=asked,
        names_of=lambda row: (row.identifier, f"{row.firstName or ''} {row.lastName or ''}".strip()),
        counts=lambda row: row.licenseClass != "A",
    )


def tenant(looker: Looker) -> tuple[Check, ...]:
    """The checks that do not depend on the flow; each flow gives them, and the doctor runs them once."""
    return (
        Check(name="ConnectWise date conditions", run=lambda: _moments(looker)),
        Check(name="inventory auditing", run=lambda: _inventory(looker)),
    )


async def _moments(looker: Looker) -> list[Result]:
    """The polls ask what changed since a moment: a server that finds nothing by it would look as if nothing ever changed."""
    what = "ConnectWise date conditions"
    client = await looker.client(CONNECTWISE)
    if not await client.companies.find(fields=("id",), limit=1):
        raise checks.NotChecked("ConnectWise has no company to ask about")

    async def finds(moment: datetime) -> bool:
        return bool(
            await client.companies.find(field("lastUpdated").at_least(moment), fields=("id",), limit=1)
        )

    if not await finds(_LONG_AGO):
        return [
            checks.broken(
                what,
                "ConnectWise finds nothing by a condition such as lastUpdated>=[2000-01-01T00:00:00Z], although it has companies",
                "Report it with the version of ConnectWise; until then only full syncs notice changes in ConnectWise.",
            )
        ]
    if await finds(_NEVER):
        return [
            checks.warning(
                what,
                "ConnectWise ignores a condition on lastUpdated: every poll reads everything",
                "Report it with the version of ConnectWise.",
            )
        ]
    return [checks.ok(what, "lastUpdated>=[2000-01-01T00:00:00Z] is understood")]


async def _inventory(looker: Looker) -> list[Result]:
    what = "inventory auditing"
    learned = await _learned(looker)
    client = await looker.client(CONNECTWISE)
    try:
        rows = [unclear.left_out(row) for row in await client.warehouses.find()]
    except (errors.PermissionRefused, errors.NotFound, errors.RequestRefused) as refusal:
        rows, unread = [], f"; warehouses cannot be read: {refusal.cause}"
    else:
        unread = ""
    locked = [row.name for row in rows if row.lockedFlag]
    remedy = errors.InventoryLocked.remedy_by_default
    if learned is not None:
        return [checks.warning(what, f"ConnectWise refused product lines: {learned}", remedy)]
    if locked:
        return [checks.warning(what, f"warehouses are locked: {', '.join(map(repr, locked))}", remedy)]
    return [checks.ok(what, f"no sign of it; only the next product line tells for certain{unread}")]


async def _learned(looker: Looker) -> str | None:
    """What a worker was told when a line was refused."""
    try:
        redis: Redis = await looker.redis()
    except checks.NotChecked:
        return None
    learned: Awaitable[bytes | None] = redis.get(f"{looker.settings.namespace}:inventory_audit")
    text = await learned
    return None if text is None else text.decode()
