"""What docs/mapping-documents.md says: the fields of each collection of ConnectWise that documents are written to."""

from __future__ import annotations

import re

from tests.conformance import documented, page
from tests.conformance.document_page import PAGE
from tests.conformance.pair_reference import covers
from tests.support.sent import Sent

_NAME = re.compile(r"`([^`]+)`")


def read() -> dict[str, set[str]]:
    """The names in the first column of each table, by the collection in the heading above it."""
    fields: dict[str, set[str]] = {}
    for collection, names in documented.rows(PAGE.read_text("utf-8").partition(page.HEADING)[0]):
        fields.setdefault(collection, set()).update(_NAME.findall(names))
    return fields


def not_on_the_page(seen: Sent) -> set[tuple[str, str]]:
    """The fields that were sent to a collection of the page and that the page does not name."""
    known = read()
    return {
        (collection, field)
        for collection in known.keys() & seen.keys()
        for field in seen[collection]
        if not covers(known[collection], field)
    }


def never_sent(seen: Sent) -> set[tuple[str, str]]:
    """The fields that the page names and that were not sent."""
    return {
        (collection, name)
        for collection, names in read().items()
        for name in names
        if not any(covers({name}, field) for field in seen.get(collection, ()))
    }
