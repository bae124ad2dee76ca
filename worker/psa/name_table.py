"""Set-up tables of ConnectWise by name: listed once, cached for ten minutes, and added to when a name is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import structlog

from cwbridge import errors, locks
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear, write_guard
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.text import folded
from worker.psa.object_counter import ObjectCounter

log = structlog.get_logger(__name__)
T = TypeVar("T", bound=models.Tracked)
_CACHE_TTL_SECONDS = 600.0


class Named(Protocol):
    """A row that is known by one name."""

    @property
    def name(self) -> str | None: ...


def by_name(row: Named) -> tuple[str | None]:
    """The names of a row that is known by one name only."""
    return (row.name,)


class NameTable(Generic[T]):
    """One set-up table; names are compared without case and surplus blanks, inactive rows included."""

    def __init__(
        self,
        noun: str,
        resource: Resource[T],
        *,
        locker: locks.Locks,
        objects: ObjectCounter,
        names_of: Callable[[T], Iterable[str | None]],
        scope: Callable[[T], bool],
    ) -> None:
        self.noun = noun
        self._resource = resource
        self._locks = locker
        self._objects = objects
        self._names_of = names_of
        self._scope = scope
        self._rows = CachedValue(self._list, ttl=_CACHE_TTL_SECONDS)

    def forget(self) -> None:
        """Read the table again next time."""
        self._rows.forget()

    async def is_empty(self) -> bool:
        """Whether ConnectWise has no row of it."""
        return not await self._rows.get()

    async def rows(self) -> list[T]:
        """Every row that has a name, by id."""
        rows = {row.id: row for named in (await self._rows.get()).values() for row in named}
        return [rows[number] for number in sorted(rows)]

    async def find(self, name: str, *, fresh: bool = False) -> T | None:
        """The row of that name, or None; raises MappingRefused when it is inactive, Ambiguous when there are two."""
        rows = await self._rows.get(max_age=0 if fresh else None)
        found = rows.get(folded(name), [])
        active = [row for row in found if not getattr(row, "inactiveFlag", None)]
        if found and not active:
            raise errors.MappingRefused(
                f"{self.noun} {name!r} is inactive in ConnectWise",
                remedy="Activate it in ConnectWise, or name another in the settings, then requeue.",
            )
        if len(active) > 1:
            raise errors.Ambiguous(
                f"ConnectWise has {len(active)} rows of {self.noun} {name!r}",
                detail=", ".join(f"id {row.id}" for row in active),
            )
        return active[0] if active else None

    async def need(self, name: str, *, setting: str) -> T:
        """The row of that name; raises MappingRefused that names the setting it comes from when there is none."""
        found = await self.find(name) or await self.find(name, fresh=True)
        if found is None:
            raise errors.MappingRefused(
                f"ConnectWise has no {self.noun} {name!r}",
                remedy=f"Create it in ConnectWise or correct {setting}, then requeue.",
            )
        return found

    async def ensure(self, name: str, draft: Mapping[str, Any]) -> T:
        """The row of that name, created from `draft` when there is none; one creator at a time across all processes."""
        found = await self.find(name)
        if found is not None:
            return found
        async with self._locks.hold(f"name:{self.noun}:{folded(name)}"):
            found = await self.find(name, fresh=True)
            return found if found is not None else await self._create(name, draft)

    async def _create(self, name: str, draft: Mapping[str, Any]) -> T:
        await write_guard.confirm()
        try:
            created = await self._resource.create(draft)
        except errors.PermissionRefused as refusal:
            raise errors.MappingRefused(
                f"{self.noun} {name!r} is missing in ConnectWise and the API member may not create it",
                remedy="Create it by hand, name another in the settings, or widen the role; then requeue.",
            ) from refusal
        except (errors.Duplicate, errors.OutcomeUnknown):
            existing = await self.find(name, fresh=True)
            if existing is None:
                raise
            return existing
        self._rows.forget()
        self._objects.count(self.noun, "created")
        log.info("name_created", table=self.noun, name=name)
        return created

    async def _list(self) -> dict[str, list[T]]:
        rows: dict[str, list[T]] = {}
        for row in await self._resource.find():
            # A row whose name cannot be understood is not the row of any name.
            readable = unclear.left_out(row)
            if self._scope(readable):
                for name in {folded(name) for name in self._names_of(readable) if name}:
                    rows.setdefault(name, []).append(row)
        return rows


class NameTables:
    """Makes set-up tables of one tenant; they share the locks of their creates and the counts of one flow."""

    def __init__(self, locker: locks.Locks, objects: ObjectCounter) -> None:
        self._locks = locker
        self._objects = objects

    def of(
        self,
        noun: str,
        resource: Resource[T],
        names_of: Callable[[T], Iterable[str | None]],
        *,
        scope: Callable[[T], bool] = lambda _row: True,
    ) -> NameTable[T]:
        """The table of `resource`, whose rows are called `noun`; only rows within `scope` count."""
        return NameTable(
            noun, resource, locker=self._locks, objects=self._objects, names_of=names_of, scope=scope
        )
