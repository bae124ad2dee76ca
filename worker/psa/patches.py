"""The changes that lead from a record of ConnectWise to the desired fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cwbridge import clock
from cwbridge.connectors.connectwise.models import Tracked
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.connectors.records import Link as Reference
from cwbridge.text import one_line


def changes_of(current: Tracked, desired: Mapping[str, Any]) -> list[Change]:
    """A whole-value replacement for each field that differs; references are replaced whole, as sub-paths do nothing."""
    return [
        Change("replace", f"/{name}", value)
        for name, value in desired.items()
        if _comparable(getattr(current, name)) != _comparable(value)
    ]


def _comparable(value: Any) -> object:
    if isinstance(value, dict):
        return value.get("id")
    if isinstance(value, Reference):
        return value.id
    if hasattr(value, "astimezone"):
        return clock.iso(value)
    return one_line(value) if isinstance(value, str) else value
