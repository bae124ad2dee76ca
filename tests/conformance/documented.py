"""The tables of a mapping page: which collection of a system each row is about."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADING = re.compile(r"#+ .*: `(?P<collection>/[^`]+)`")


def rows(text: str) -> Iterator[tuple[str, str]]:
    """The collection in the heading above each row of a table, and the first column of the row."""
    collection = ""
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            collection = heading["collection"]
        elif line.startswith("#"):
            collection = ""
        elif collection and line.startswith("| `"):
            yield collection, line.split("|")[1]
