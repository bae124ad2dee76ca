"""Which fields of which records we sent to ConnectWise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.support.recorder import Exchange

Sent = dict[str, set[str]]


def fields(exchanges: Iterable[Exchange]) -> Sent:
    """Field names by collection (`/company/companies/{id}/sites`); what lies inside a value with a slash."""
    found: Sent = {}
    for exchange in exchanges:
        if exchange.method in {"POST", "PUT"}:
            found.setdefault(collection(exchange.path), set()).update(_names(exchange.body))
        elif exchange.method == "PATCH":
            body = {step["path"].removeprefix("/"): step.get("value") for step in exchange.body}
            found.setdefault(collection(exchange.path), set()).update(_names(body))
    return found


def collection(path: str) -> str:
    """The path of a collection without the ids of records: `/sales/opportunities/{id}/notes`."""
    template = re.sub(r"/\d+(?=/|$)", "/{id}", path)
    return template.removesuffix("/{id}").rstrip("/")


def _names(body: Mapping[str, Any]) -> Iterator[str]:
    for name, value in body.items():
        if value == []:
            continue
        inner = [
            entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)
        ]
        deeper = {f"{name}/{below}" for entry in inner for below in entry}
        yield from deeper if deeper and deeper != {f"{name}/id"} else {name}
