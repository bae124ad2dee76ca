"""How ConnectWise asks for lists and answers, for rehearsals (cwbridge.connectors.overlay)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from cwbridge.connectors import overlay
from cwbridge.connectors.connectwise.pages import MAX_PER_PAGE
from cwbridge.connectors.overlay import Body

# The client asks one comparison at a time (cwbridge.connectors.connectwise.conditions).
_COMPARISON = re.compile(r"(?P<path>[\w/]+)\s*(?:=\s*(?P<one>.+)|in\s*\((?P<any>.+)\))", re.DOTALL)


class ConnectWiseDialect:
    """Lists are arrays; conditions are comparisons; Source: developer guide, as in `conditions`."""

    def rows(self, content: Any) -> list[Any] | None:
        return content if isinstance(content, list) else None

    def is_last_page(self, content: Any, query: Mapping[str, str]) -> bool:
        return len(content) < int(query.get("pageSize", MAX_PER_PAGE))

    def list_of(self, rows: Sequence[Any]) -> Any:
        return list(rows)

    def fits(self, record: Body, query: Mapping[str, str]) -> bool:
        asked = (query.get("conditions"), query.get("childConditions"))
        return all(_fits(record, condition) for condition in asked if condition)


def _fits(record: Body, condition: str) -> bool:
    """Whether the record fits; a condition of another form is one on a time or a pattern, by which runs do not look for their own."""
    found = _COMPARISON.fullmatch(condition)
    if found is None:
        return False
    try:
        wanted = overlay.decode(f"[{found['one'] or found['any']}]".encode())
    except msgspec.DecodeError:
        return False
    values = list(overlay.values_at(record, found["path"])) or [None]
    return any(overlay.is_equal(value, one) for value in values for one in wanted)
