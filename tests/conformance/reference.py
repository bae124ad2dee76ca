"""What docs/mapping.md says: the fields of each collection, and the settings it names."""

from __future__ import annotations

import re

import msgspec

from tests.conformance import documented, page

_SETTING = re.compile(r"`(?P<name>[a-z]+\.[a-z_]+)`")


class Mapping(msgspec.Struct, frozen=True):
    """The fields by collection, and all settings named in the tables and texts above the cases."""

    fields: dict[str, set[str]]
    settings: set[str]


def read() -> Mapping:
    """Read the page as it lies in docs/."""
    text = page.PAGE.read_text("utf-8").partition(page.HEADING)[0]
    fields: dict[str, set[str]] = {}
    for collection, name in documented.rows(text):
        fields.setdefault(collection, set()).add(name.split("`")[1])
    return Mapping(fields, {found["name"] for found in _SETTING.finditer(text)})
