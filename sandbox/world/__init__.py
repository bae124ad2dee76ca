"""The believable AV integrator that both stand-ins are seeded from: `build(seed, projects)`."""

from __future__ import annotations

from sandbox.world.build import build
from sandbox.world.model import World

__all__ = ["World", "build"]
