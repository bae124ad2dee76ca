"""What docs/mapping.md says: the fields of each collection, and the settings it names."""

from __future__ import annotations

import re

import msgspec

from tests.conformance import page

_HEADING = re.compile(r"#+ .*: `(?P<collection>/[^`]+)`")
_SETTING = re.compile(r"`(?P<name>[a-z]+\.[a-z_]+)`")


class Mapping(msgspec.Struct, frozen=True):
    """The fields by collection, and all settings named in the tables and texts above the cases."""

    fields: dict[str, set[str]]
    settings: set[str]


def read() -> Mapping:
    """Read the page as it lies in docs/."""
    text = page.PAGE.read_text("utf-8").partition(page.HEADING)[0]
    fields: dict[str, set[str]] = {}
    collection = ""
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            collection = heading["collection"]
        elif line.startswith("#"):
            collection = ""
        elif collection and line.startswith("| `"):
            fields.setdefault(collection, set()).add(line.split("`")[1])
    return Mapping(fields, {found["name"] for found in _SETTING.finditer(text)})
