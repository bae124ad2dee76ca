"""How BSS asks for lists and answers, for rehearsals (cwbridge.connectors.overlay)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cwbridge.connectors import overlay
from cwbridge.connectors.bss import assumptions
from cwbridge.connectors.overlay import Body

# The client asks one comparison (cwbridge.connectors.bss.filters); a text has its single quotes doubled.
_EQUAL = re.compile(r"(?P<path>[\w/]+) eq (?:'(?P<text>.*)'|(?P<plain>.+))", re.DOTALL)


class BssDialect:
    """Lists are envelopes; a filter is one comparison; Source: as in `assumptions`."""

    def rows(self, content: Any) -> list[Any] | None:
        rows = content.get(assumptions.DATA) if isinstance(content, dict) else None
        return rows if isinstance(rows, list) else None

    def is_last_page(self, content: Any, query: Mapping[str, str]) -> bool:
        return len(content[assumptions.DATA]) < int(query.get("pageSize", 0))

    def list_of(self, rows: Sequence[Any]) -> Any:
        return {assumptions.DATA: list(rows)}

    def fits(self, record: Body, query: Mapping[str, str]) -> bool:
        asked = query.get("$filter")
        if not asked:
            return True
        found = _EQUAL.fullmatch(asked)
        if found is None:
            return False
        text = found["text"]
        wanted = found["plain"] if text is None else text.replace("''", "'")
        return any(overlay.is_equal(str(value), wanted) for value in overlay.values_at(record, found["path"]))
