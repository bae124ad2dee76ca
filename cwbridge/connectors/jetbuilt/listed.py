"""Lists of projects and options, of which one odd record must not hide the others.

A list tells which objects exist and when they changed; everything else is read from each object by itself, in its own job. A
field of a listed record that cannot be understood is left out here, and the job of that object names it.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from cwbridge.connectors import unclear
from cwbridge.connectors.jetbuilt import models
from cwbridge.connectors.reading import Reader

T = TypeVar("T", bound=msgspec.Struct)


class Listing(Reader[list[T]]):
    """Reads a list of `kind`; raises msgspec.ValidationError when a record of it cannot be identified."""

    def __init__(self, kind: type[T]) -> None:
        super().__init__(list[kind])  # type: ignore[valid-type]

    def apart(self, body: bytes, explain: unclear.Explain) -> list[T]:
        return [unclear.left_out(record) for record in super().apart(body, explain)]


projects = Listing(models.ListedProject)
options = Listing(models.ListedOption)
