"""Durations as people write them: `250ms`, `10s`, `5m`, `6h`, `30d`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

_SECONDS_OF = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}


def parse(text: str) -> timedelta:
    """Read a duration with its unit; raises ValueError that shows the form, also for a bare number, whose unit would be a guess."""
    lowered = text.strip().lower()
    unit = next((unit for unit in _SECONDS_OF if lowered.endswith(unit)), None)
    number = lowered.removesuffix(unit).strip() if unit else ""
    if unit is None or not number.replace(".", "", 1).isdecimal():
        raise ValueError("a duration is written with its unit, like 250ms, 10s, 5m, 6h or 30d")
    return timedelta(seconds=float(Decimal(number) * _SECONDS_OF[unit]))
