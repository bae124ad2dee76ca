"""The next free id of every noun inside projects, each from its own believable range."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from sandbox.world.model import World

PROJECTS = 97_739
LINES = 1_900_102
ROOMS = 242_060
SYSTEMS = 196_878
TAGS = 30_013
PHASES = 12_310
BUNDLES = 52_779
LABOR = 329_891
FACTORS = 25_144
OPTIONS = 27_409
PACKAGES = 3_395
PROJECT_STEP = 13


class Numbers:
    """Hands out ids; `rooms` and the like are shared by all projects, as in one database."""

    def __init__(self) -> None:
        self.projects = count(PROJECTS, PROJECT_STEP)
        self.lines = count(LINES)
        self.rooms = count(ROOMS)
        self.systems = count(SYSTEMS)
        self.tags = count(TAGS)
        self.phases = count(PHASES)
        self.bundles = count(BUNDLES)
        self.labor = count(LABOR)
        self.factors = count(FACTORS)
        self.options = count(OPTIONS)
        self.packages = count(PACKAGES)
        self.clients = count(71_000)
        self.contacts = count(45_000)
        self.custom_products = count(8_801)

    @classmethod
    def after(cls, world: World) -> Numbers:
        """Return numbers that none of the world's nouns has."""
        numbers = cls()
        projects = world.projects
        numbers.projects = _after((p.id for p in projects), PROJECTS, PROJECT_STEP)
        numbers.lines = _after((n.id for p in projects for n in p.lines), LINES)
        numbers.rooms = _after((n.id for p in projects for n in p.rooms), ROOMS)
        numbers.systems = _after((n.id for p in projects for n in p.systems), SYSTEMS)
        numbers.tags = _after((n.id for p in projects for n in p.tags), TAGS)
        numbers.phases = _after((n.id for p in projects for n in p.phases), PHASES)
        numbers.bundles = _after((n.id for p in projects for n in p.bundles), BUNDLES)
        numbers.labor = _after((n.id for p in projects for n in p.labor), LABOR)
        numbers.factors = _after((n.id for p in projects for n in p.factors), FACTORS)
        numbers.options = _after((n.id for p in projects for n in p.options), OPTIONS)
        numbers.packages = _after((n.id for p in projects for n in p.service_packages), PACKAGES)
        numbers.custom_products = count(20_001)
        return numbers


def _after(taken: Iterable[int], first: int, step: int = 1) -> count[int]:
    return count(max(taken, default=first - step) + step, step)
