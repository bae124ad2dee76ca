"""Asks the systems for the names that settings choose from; a list that cannot be read is told, and the others are read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from console.doctor.opening import Opening
from cwbridge import concurrency, errors
from cwbridge.checks import NameList, NotChecked
from cwbridge.flow import Flow

_LIST_SECONDS = 20.0
# Each system has its own limit; this bounds what is asked at once beside it.
_AT_ONCE = 4


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """The names of one list: the title of the system, and what it has; `unknown` says why it could not be asked."""

    title: str
    names: tuple[str, ...] = ()
    unknown: str = ""


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """What settings choose from, by setting: `values` for values, `keys` for the left sides of tables."""

    values: dict[str, Choices]
    keys: dict[str, Choices]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why systems could not be asked, each reason once."""
        told = (choices.unknown for choices in (*self.values.values(), *self.keys.values()))
        return tuple(dict.fromkeys(filter(None, told)))


async def asked(opening: Opening, flows: Iterable[Flow]) -> Tenant:
    """The choices for every setting of the flows."""
    lists = [listed for flow in flows for listed in flow.names(opening.settings)]
    found = await concurrency.gather_limited((_choices(opening, listed) for listed in lists), limit=_AT_ONCE)
    tenant = Tenant(values={}, keys={})
    for listed, choices in zip(lists, found, strict=True):
        tenant.values.update(dict.fromkeys(listed.values_of, choices))
        tenant.keys.update(dict.fromkeys(listed.keys_of, choices))
    return tenant


async def _choices(opening: Opening, listed: NameList) -> Choices:
    title = listed.system.title
    try:
        async with asyncio.timeout(_LIST_SECONDS):
            known = await listed.read(await opening.client(listed.system))
    except NotChecked as reason:
        return Choices(title=title, unknown=str(reason))
    except TimeoutError:
        return Choices(
            title=title, unknown=f"{title} did not tell its {listed.noun} names within {_LIST_SECONDS:g} s"
        )
    except errors.WorkError as error:
        return Choices(title=title, unknown=f"{title} did not tell its {listed.noun} names: {error.cause}")
    return Choices(title=title, names=tuple(dict.fromkeys(row.names[0] for row in known if row.active)))
