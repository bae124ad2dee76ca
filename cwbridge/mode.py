"""Modes: what a run may skip."""

from __future__ import annotations

from typing import Final, Literal

Mode = Literal["if_changed", "verify", "force"]

MODES: Final[tuple[Mode, ...]] = ("if_changed", "verify", "force")
"""From the weakest to the strongest: unchanged content ends the run; the target is compared too; whatever the source shows is written."""
