"""A rate: so many calls in any window of so many seconds, written `50/10s`."""

from __future__ import annotations

import re
from typing import Self

import msgspec

_PATTERN = re.compile(r"\s*(?P<calls>[1-9]\d{0,6})\s*/\s*(?P<length>\d+(?:\.\d+)?)?\s*(?P<unit>ms|s|m|h)\s*")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Rate(msgspec.Struct, frozen=True):
    """At most `calls` in any window of `seconds`; `calls` 0 means no limit at all."""

    calls: int
    seconds: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `50/10s`, `1000/m` or `off`; raises ValueError that shows the form."""
        if text.strip().lower() == "off":
            return cls(0)
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not a rate; write it like 50/10s, 1000/m or off")
        length = float(found["length"] or 1) * _SECONDS[found["unit"]]
        if length <= 0:
            raise ValueError(f"{text!r} has a window of no length; write it like 50/10s")
        return cls(int(found["calls"]), length)

    @property
    def unlimited(self) -> bool:
        return self.calls == 0

    def __str__(self) -> str:
        return "off" if self.unlimited else f"{self.calls}/{self.seconds:g}s"
