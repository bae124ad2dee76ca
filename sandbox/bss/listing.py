"""Lists: the query parameters, pages, and the envelope around them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from sandbox.bss import querying
from sandbox.bss.collections import Collection, Row
from sandbox.bss.modes import Modes
from sandbox.bss.problems import bad_query
from sandbox.bss.showing import show
from sandbox.bss.store import BssStore

PARAMETERS = frozenset({"pageIndex", "pageSize", "$filter", "$orderby"})
PAGE_SIZE = 50
"""The size of a page when none is asked for."""
LONGEST_NUMBER = 9


def read_query(text: str) -> dict[str, str]:
    """Return the parameters of a list; raise Refusal (400) for unknown and for repeated ones."""
    given = parse_qsl(text, keep_blank_values=True)
    query = dict(given)
    for name in query:
        if name not in PARAMETERS:
            raise bad_query(f"The query parameter '{name}' is not supported.")
    if len(query) < len(given):
        raise bad_query("A query parameter is given more than once.")
    return query


def listed(store: BssStore, collection: Collection, path: str, query: Mapping[str, str]) -> Row:
    """Return one page of a collection in its envelope; `path` is the one that was asked for."""
    rows = list(store.rows(collection.name).values())
    if "$filter" in query:
        test = querying.matching(collection, store.modes, query["$filter"])
        rows = [row for row in rows if test(row)]
    rows = querying.ordered(collection, store.modes, rows, query.get("$orderby"))
    index, size = _number(query, "pageIndex", 1), _size(store.modes, query)
    pages = -(-len(rows) // size)
    shown = rows[(index - 1) * size : index * size]
    envelope: Row = {
        "data": [show(store, collection, row, listed=True) for row in shown],
        "paging": {"totalRecords": len(rows), "totalPages": pages},
    }
    if store.modes.next_link:
        following = {**query, "pageIndex": str(index + 1), "pageSize": str(size)}
        address = f"{store.base_url}{path}?{urlencode(following, quote_via=quote)}"
        envelope["links"] = {"next": address if index < pages else None}
    return envelope


def _size(modes: Modes, query: Mapping[str, str]) -> int:
    size = _number(query, "pageSize", PAGE_SIZE)
    if size > modes.page_limit and modes.long_page == "refuse":
        raise bad_query(f"'pageSize' is at most {modes.page_limit}.")
    return min(size, modes.page_limit)


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not (text.isascii() and text.isdecimal()) or len(text) > LONGEST_NUMBER or not int(text):
        raise bad_query(f"'{name}' is a number from 1.")
    return int(text)
