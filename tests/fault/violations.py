"""What a judge may find wrong."""

from __future__ import annotations

from collections.abc import Sized
from typing import Literal

import msgspec

Kind = Literal["lost", "doubled", "empty", "foreign"]


class Violation(msgspec.Struct, frozen=True):
    """One thing that is not as it should be."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def not_one(found: Sized, text: str) -> Violation:
    """What should be there once and is not."""
    return Violation("doubled" if len(found) else "lost", text)
