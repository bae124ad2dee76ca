"""Lists: filters, order, pages, and the Link header that leads from page to page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from sandbox.connectwise import matching
from sandbox.connectwise.errors import Refusal, bad_request
from sandbox.connectwise.matching import Match
from sandbox.connectwise.names import recognize
from sandbox.connectwise.resources import Resource
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row, fold

DEFAULT_PAGE, GREATEST_PAGE = 25, 1000


class Page(msgspec.Struct, frozen=True):
    """The rows of one page and the pages that a Link header names, by relation."""

    rows: list[Row]
    links: dict[str, dict[str, str]]


def select(
    store: ConnectWiseStore, resource: Resource, parent: int | None, query: Mapping[str, str]
) -> list[Row]:
    """Return every row that passes the conditions of a query, by id."""
    matches = list(_matches(store, resource, query))
    if parent is not None:
        matches.insert(0, _children(resource, parent))
    table = store.table(resource.table)
    start = next((match for match in matches if match.path), None)
    rows = table.find(start.path, *start.values) if start is not None else list(table)
    if store.modes.lacking_fields:
        rows = [row for row in rows if not store.lacks(table.name, row)]
    for match in matches:
        rows = [row for row in rows if match.test(row)]
    return rows


def page(rows: list[Row], query: Mapping[str, str]) -> Page:
    """Cut the page that a query asks for, counted from 1."""
    size = _number(query, "pagesize", DEFAULT_PAGE, least=1, most=GREATEST_PAGE)
    number = _number(query, "page", 1, least=1)
    last = max(1, -(-len(rows) // size))
    links: dict[str, dict[str, str]] = {}
    if number < last:
        links["next"] = {"page": str(number + 1)}
        links["last"] = {"page": str(last)}
    if number > 1:
        links["first"] = {"page": "1"}
        links["prev"] = {"page": str(number - 1)}
    begin = (number - 1) * size
    return Page(
        rows[begin : begin + size], {name: to | {"pageSize": str(size)} for name, to in links.items()}
    )


def forward_page(rows: list[Row], query: Mapping[str, str]) -> Page:
    """Cut the next page of the forward-only way: rows with an id above `pageId`."""
    if "orderby" in query:
        raise bad_request("orderBy cannot be used with forward-only pagination.")
    size = _number(query, "pagesize", DEFAULT_PAGE, least=1, most=GREATEST_PAGE)
    after = _number(query, "pageid", 0, least=0)
    ahead = [row for row in rows if row["id"] > after]
    cut = ahead[:size]
    more = len(ahead) > size
    return Page(cut, {"next": {"pageSize": str(size), "pageId": str(cut[-1]["id"])}} if more else {})


def order(store: ConnectWiseStore, resource: Resource, rows: list[Row], text: str) -> list[Row]:
    """Sort by the fields of an `orderBy` parameter, the first being the strongest; nulls come first."""
    ordered = rows
    for part in reversed(text.split(",")):
        name, *direction = part.split()
        if len(direction) > 1 or (direction and direction[0].lower() not in ("asc", "desc")):
            raise bad_request(f"orderBy is not understood: {text}")
        get = recognize(store, resource, name).get
        downwards = bool(direction) and direction[0].lower() == "desc"
        ordered = sorted(ordered, key=lambda row, get=get: _rank(get(row)), reverse=downwards)  # type: ignore[misc]
    return ordered


def link_header(address: str, query: Mapping[str, str], page: Page) -> str:
    """Write the Link header: the same query on other pages."""
    kept = {
        name: value for name, value in query.items() if name.lower() not in ("page", "pagesize", "pageid")
    }
    return ", ".join(
        f'<{address}?{urlencode(kept | to, quote_via=quote)}>; rel="{relation}"'
        for relation, to in page.links.items()
    )


def _matches(store: ConnectWiseStore, resource: Resource, query: Mapping[str, str]) -> list[Match]:
    matches = []
    if text := query.get("conditions", "").strip():
        matches.append(matching.conditions(store, resource, text))
    if text := query.get("childconditions", "").strip():
        matches.append(matching.child_conditions(store, resource, text))
    if text := query.get("customfieldconditions", "").strip():
        matches.append(matching.custom_field_conditions(store, text))
    return matches


def _children(resource: Resource, parent: int) -> Match:
    name = resource.parent
    if resource.schema.fields.get(name) is None or resource.schema.fields[name].kind == "ref":
        return Match(lambda row: row[name]["id"] == parent, f"{name}/id", (parent,))
    return Match(lambda row: row[name] == parent, name, (parent,))


def _number(query: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < least:
        raise _bad_number(name, text)
    return int(text) if most is None else min(int(text), most)


def _bad_number(name: str, text: str) -> Refusal:
    return bad_request(f"{name} must be a whole number, not {text}.")


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, fold(value))
