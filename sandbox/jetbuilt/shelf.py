"""Records by id with sorted indexes over their times, so that a poll does not look at everything."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

LAST_ID = 2**63


class Timed(Protocol):
    """What a record needs to be shelved."""

    @property
    def id(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def updated_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Open bounds of time: after `after` and before `before`."""

    after: datetime | None = None
    before: datetime | None = None

    def __bool__(self) -> bool:
        return self.after is not None or self.before is not None

    def covers(self, at: datetime) -> bool:
        return (self.after is None or at > self.after) and (self.before is None or at < self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The time filters of a list; a record must satisfy both."""

    created: Span = Span()
    updated: Span = Span()

    def __bool__(self) -> bool:
        return bool(self.created) or bool(self.updated)


_Item = TypeVar("_Item", bound=Timed)


class Shelf(Generic[_Item]):
    """A collection ordered by id."""

    def __init__(self, items: Iterable[_Item] = ()) -> None:
        self._items: dict[int, _Item] = {item.id: item for item in items}
        self._ids = sorted(self._items)
        self._created = sorted((item.created_at, item.id) for item in self._items.values())
        self._updated = sorted((item.updated_at, item.id) for item in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[_Item]:
        return (self._items[item_id] for item_id in self._ids)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    def get(self, item_id: int) -> _Item | None:
        return self._items.get(item_id)

    def put(self, item: _Item) -> None:
        """Add an item or replace the one of its id."""
        known = self._items.get(item.id)
        if known is None:
            insort(self._ids, item.id)
        else:
            self._forget_times(known)
        self._items[item.id] = item
        insort(self._created, (item.created_at, item.id))
        insort(self._updated, (item.updated_at, item.id))

    def remove(self, item_id: int) -> _Item | None:
        """Take an item off the shelf, when it is there."""
        known = self._items.pop(item_id, None)
        if known is not None:
            self._forget_times(known)
            del self._ids[bisect_left(self._ids, item_id)]
        return known

    def ids(self, times: Times) -> Sequence[int]:
        """Return the ids within the times, ascending; do not change the answer."""
        if times.updated:
            found = _slice(self._updated, times.updated)
            return sorted(n for n in found if times.created.covers(self._items[n].created_at))
        if times.created:
            return sorted(_slice(self._created, times.created))
        return self._ids

    def _forget_times(self, item: _Item) -> None:
        del self._created[bisect_left(self._created, (item.created_at, item.id))]
        del self._updated[bisect_left(self._updated, (item.updated_at, item.id))]


def _slice(index: list[tuple[datetime, int]], span: Span) -> list[int]:
    start = bisect_right(index, (span.after, LAST_ID)) if span.after is not None else 0
    stop = bisect_left(index, (span.before, -1)) if span.before is not None else len(index)
    return [item_id for _, item_id in index[start:stop]]
