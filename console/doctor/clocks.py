"""Compares the clock of another machine with this one's."""

from __future__ import annotations

from cwbridge import checks
from cwbridge.checks import Result

_NOTABLE_SECONDS = 5.0
_BAD_SECONDS = 60.0
_REMEDY = "Let both machines keep their time by NTP: polls and time stamps depend on it."


def compared(what: str, whose: str, ahead: float) -> Result:
    """`ahead` is by how many seconds the other clock is ahead."""
    if abs(ahead) <= _NOTABLE_SECONDS:
        return checks.ok(
            what, f"differs by {abs(ahead):.1f} s" if abs(ahead) >= 1 else "differs by less than 1 s"
        )
    direction = "ahead of" if ahead > 0 else "behind"
    detail = f"{whose} is {abs(ahead):.0f} s {direction} this machine"
    if abs(ahead) > _BAD_SECONDS:
        return checks.broken(what, detail, _REMEDY)
    return checks.warning(what, detail, _REMEDY)
