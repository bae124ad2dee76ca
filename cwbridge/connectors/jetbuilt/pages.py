"""Pages of Jetbuilt: numbered, a fixed number of rows each, `Link` and `X-Total-Count` in the headers.

A list can change while it is read: a row that moves to another page would be read twice or not at all. So the later
pages are read side by side, quickly, and what was read is counted.
Source: Jetbuilt API documentation, pagination.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from cwbridge.connectors import answers
from cwbridge.connectors.calls import Answer

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; `server_time` is Jetbuilt's own clock when it answered."""

    items: list[T]
    total: int | None = None
    next_page: int | None = None
    server_time: datetime | None = None
    last_page: int = 1

    @classmethod
    def read(cls, items: list[T], answer: Answer[Any], *, number: int) -> Page[T]:
        """Page `number` with its rows, as the headers of its answer describe it."""
        total = answers.whole_number(answer.headers.get("X-Total-Count"))
        next_page = answers.whole_number(answer.links.get("next", {}).get("page"))
        if next_page is not None and next_page <= number:
            next_page = None
        last = answers.whole_number(answer.links.get("last", {}).get("page"))
        return cls(
            items,
            total,
            next_page,
            answers.http_date(answer.headers.get("Date")),
            _last_page(number, next_page, last, rows=len(items), total=total),
        )


def complete(pages: Sequence[Page[T]], keys: Sequence[Hashable]) -> bool:
    """Whether the list did not change: one count on all pages, as many rows as counted, no row twice, nothing after it."""
    if len({page.total for page in pages}) > 1 or len(set(keys)) != len(keys):
        return False
    total = pages[0].total
    return pages[-1].next_page is None and (total is None or total == len(keys))


def _last_page(number: int, next_page: int | None, named: int | None, *, rows: int, total: int | None) -> int:
    """The last page as the answer names it, else as the count says."""
    if next_page is None:
        return number
    if named is not None:
        return max(named, next_page)
    return max(next_page, -(-total // rows)) if total and rows else next_page
