"""Lists: pages of 25, the Link and X-Total-Count headers, and the time filters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from aiohttp import web
from yarl import URL

from sandbox.jetbuilt import problems
from sandbox.jetbuilt.shelf import Span, Times

PER_PAGE = 25
LONGEST = 9
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?)?"
    r"\s*(Z|UTC|[+-]\d{1,2}:?\d{2})?"
)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a collection; pages count from 1."""

    number: int
    total: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PER_PAGE))

    def of(self, items: Sequence[_Item]) -> Sequence[_Item]:
        return items[(self.number - 1) * PER_PAGE : self.number * PER_PAGE]

    def headers(self, url: URL) -> dict[str, str]:
        """Return the headers of the page; links lead only where there is something, so a sole page has none."""
        headers = {"X-Total-Count": str(self.total)}
        links = [
            f'<{url.update_query(page=str(number))}>; rel="{relation}"'
            for relation, number in self._relations()
        ]
        if links:
            headers["Link"] = ", ".join(links)
        return headers

    def _relations(self) -> list[tuple[str, int]]:
        relations = []
        if self.number > 1:
            relations += [("first", 1), ("prev", min(self.number - 1, self.last))]
        if self.number < self.last:
            relations += [("last", self.last), ("next", self.number + 1)]
        return relations


def page_of(request: web.Request, total: int) -> Page:
    """Return the wanted page; raise Refusal 400 when `page` is no number from 1."""
    text = request.query.get("page", "1")
    if not text.isdecimal() or len(text) > LONGEST or not int(text):
        raise problems.bad_request("`page` is a number from 1.")
    return Page(int(text), total)


def times_of(request: web.Request) -> Times:
    """Return the time filters; raise Refusal 400 when one is no date or time."""
    query = request.query
    if not any(name.endswith("_at") for name in query):
        return Times()
    return Times(
        created=Span(after=_time(query.get("min_created_at")), before=_time(query.get("max_created_at"))),
        updated=Span(after=_time(query.get("min_updated_at")), before=_time(query.get("max_updated_at"))),
    )


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise problems.bad_request(f"`{text}` is neither a date nor a date and time.")
    year, month, day, hour, minute, second, fraction, zone = found.groups(default="")
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int(f"{fraction:0<6}"[:6]),
            tzinfo=_zone(zone),
        )
    except ValueError as error:
        raise problems.bad_request(f"`{text}` is not a time: {error}.") from error


def _zone(text: str) -> timezone:
    if text in {"", "Z", "UTC"}:
        return UTC
    digits = text[1:].replace(":", "").rjust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
