"""Tables of the settings that translate names of BSS to names of ConnectWise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import msgspec

from cwbridge.text import folded


class NameMap(msgspec.Struct, frozen=True):
    """A table of the settings, BSS name -> ConnectWise name; names are compared without case and surplus blanks."""

    rows: dict[str, tuple[str, str]]
    """Folded BSS name -> both names as the settings spell them."""

    @classmethod
    def of(cls, table: Mapping[str, str]) -> Self:
        return cls({folded(source): (source, target) for source, target in table.items()})

    def to_psa(self, name: str) -> str | None:
        """The ConnectWise name of the row, or None without one."""
        row = self.rows.get(folded(name))
        return None if row is None else row[1]

    def to_bss(self, name: str) -> str | None:
        """The BSS name of the first row that leads to this ConnectWise name, or None."""
        return next((source for source, target in self.rows.values() if folded(target) == folded(name)), None)
