"""Single defences, each with a way to take it out of a process; and the constants that a fault run shortens in every process.

Production code has no switch for this. A process of the suite patches itself before it starts.
"""

from __future__ import annotations

from collections.abc import Callable

from cwbridge import locks, lua
from cwbridge.connectors import guard
from cwbridge.connectors.connectwise import codebase, refusals
from cwbridge.limits import shared
from cwbridge.queue import lease as lease_module
from worker.opportunity import apply as apply_module
from worker.opportunity import target as target_module

LOCK_SECONDS = 3.0
INVENTORY_SECONDS = 1.5
CODEBASE_SECONDS = 1.0
PLACE_MS = 3_000


def quicken() -> None:
    """Make the fixed waits of production short, so that what a killed process held is free again within seconds."""
    defaults = locks.Locks.__init__.__kwdefaults__
    assert defaults is not None
    assert "lasts" in defaults
    defaults["lasts"] = LOCK_SECONDS
    for module, name, value in (
        (refusals, "_INVENTORY_SECONDS", INVENTORY_SECONDS),
        (codebase, "_PAUSE_SECONDS", CODEBASE_SECONDS),
        (shared, "_PLACE_MS", PLACE_MS),
    ):
        assert hasattr(module, name), f"{module.__name__} has no {name} any more"
        setattr(module, name, value)


WITHOUT: dict[str, Callable[[], None]] = {}
