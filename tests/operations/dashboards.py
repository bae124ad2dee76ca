"""The committed dashboards as Grafana would ask their queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

HOME = Path(__file__).parents[2] / "deploy" / "grafana"
FILES = ("overview.json", "systems.json", "flow.json")


class Asked(msgspec.Struct, frozen=True):
    """One query: where it stands, as it is written."""

    board: str
    panel: str
    expression: str

    def filled(self, *, interval: str, span: str, scrapes: str) -> str:
        """The query with everything chosen, over windows of these lengths; `scrapes` stands for windows of minutes."""
        text = re.sub(r"\$(namespace|flow|system)\b", ".*", self.expression)
        text = text.replace("$__rate_interval", interval).replace("$__range", span)
        return re.sub(r"\[\d+[mh]\]", f"[{scrapes}]", text)


def board(name: str) -> dict[str, Any]:
    """A dashboard as committed."""
    read: dict[str, Any] = json.loads((HOME / name).read_text("utf-8"))
    return read


def panels(name: str) -> Iterator[dict[str, Any]]:
    """Its panels without the rows."""
    yield from (one for one in board(name)["panels"] if one["type"] != "row")


def asked() -> list[Asked]:
    """Every query of every panel, and those of the annotations."""
    found = []
    for name in FILES:
        found += [
            Asked(name, panel["title"], target["expr"])
            for panel in panels(name)
            for target in panel["targets"]
        ]
        found += [
            Asked(name, f"annotation {one['name']}", one["expr"])
            for one in board(name)["annotations"]["list"]
        ]
    return found
