"""What docs/mapping-bss.md says: the fields of each collection of either system that are written."""

from __future__ import annotations

import re

from tests.conformance import documented, page, pair_page

_NAME = re.compile(r"`([^`]+)`")


def read() -> dict[str, set[str]]:
    """The names in the first column of each table, by the collection in the heading above it."""
    fields: dict[str, set[str]] = {}
    for collection, names in documented.rows(pair_page.PAGE.read_text("utf-8").partition(page.HEADING)[0]):
        fields.setdefault(collection, set()).update(_NAME.findall(names))
    return fields


def covers(fields: set[str], name: str) -> bool:
    """Whether a field is on the page, by itself or by the value in which it lies."""
    return bool({name, name.partition("/")[0]} & fields)
