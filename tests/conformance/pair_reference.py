"""What docs/mapping-bss.md says: the fields of each collection of either system that are written."""

from __future__ import annotations

import re

from tests.conformance import page, pair_page

_HEADING = re.compile(r"#+ .*: `(?P<collection>/[^`]+)`")
_NAME = re.compile(r"`([^`]+)`")


def read() -> dict[str, set[str]]:
    """The names in the first column of each table, by the collection in the heading above it."""
    fields: dict[str, set[str]] = {}
    collection = ""
    for line in pair_page.PAGE.read_text("utf-8").partition(page.HEADING)[0].splitlines():
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            collection = heading["collection"]
        elif line.startswith("#"):
            collection = ""
        elif collection and line.startswith("| `"):
            fields.setdefault(collection, set()).update(_NAME.findall(line.split("|")[1]))
    return fields


def covers(documented: set[str], name: str) -> bool:
    """Whether a field is on the page, by itself or by the value in which it lies."""
    return bool({name, name.partition("/")[0]} & documented)
