"""Modes: what a run may skip."""

from __future__ import annotations

from typing import Final, Literal

Mode = Literal["if_changed", "verify", "force"]

MODES: Final[tuple[Mode, ...]] = ("if_changed", "verify", "force")
"""From the weakest: end the run when the content is unchanged; compare the target too; write whatever the source shows."""
