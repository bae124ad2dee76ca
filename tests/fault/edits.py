"""What people do in Jetbuilt and ConnectWise while everything breaks: seeded, and never so that a project has no lines."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.jetbuilt.store import JetbuiltStore, utc_now
from sandbox.server import Sandbox
from sandbox.world import World, build
from sandbox.world.model import Line, Named, Project, Stage
from tests.fault.part import SeededEditor

_STAGES: tuple[Stage, ...] = ("opportunity", "estimate", "revisions", "proposal", "contract", "install")
_SMALL = 40
_FEWEST_LINES = 3
_MOST_LINES = 45
_MOST_PROJECTS = 12
_HIDDEN_SECONDS = 2.5
"""A save becomes visible so long after the time it is dated with, at most; the overlap of polls must be longer."""
_NEW_MODELS = 6


def small_world(seed: int, projects: int) -> World:
    """A world whose projects have at most forty lines, none of them a template."""
    world = build(seed, 24)
    fitting = [
        project
        for project in world.active_projects
        if len(project.lines) <= _SMALL and project.stage in _STAGES and project.lines
    ]
    chosen = random.Random(seed).sample(fitting, projects)
    families = {project.family_id for project in chosen}
    return replace(
        world, projects=tuple(project for project in world.projects if project.family_id in families)
    )


class Editor(SeededEditor):
    """Edits projects."""

    def __init__(self, box: Sandbox, seed: int, *, late: bool = True) -> None:
        super().__init__(
            seed,
            (
                (40, Editor.change_line),
                (12, Editor.add_line),
                (10, Editor.remove_line),
                (10, Editor.rename),
                (6, Editor.change_labor),
                (6, Editor.new_version),
                (6, Editor.change_stage),
                (4, Editor.new_project),
                (3, Editor.foreign_line),
            ),
        )
        self._store: JetbuiltStore = box.jetbuilt
        self._box = box
        self._late = late
        self._new = 0

    def change_line(self, project: Project | None = None) -> None:
        project = self._now(project) if project is not None else self._project()
        sold = [line for line in _own(project) if line.kind == "physical" and not line.owner_furnished]
        line = self._dice.choice(sold or _own(project))
        if self._dice.random() < 0.5:
            others = [number for number in range(1, 9) if number != line.quantity_per_room]
            changes: dict[str, Any] = {"quantity_per_room": Decimal(self._dice.choice(others))}
        else:
            changes = {"price": _money(self._dice), "project_cost": _money(self._dice)}
        self._dated(project)
        self._store.edit_line(project.id, line.id, **changes)

    def add_line(self) -> None:
        project = self._project()
        if len(_own(project)) < _MOST_LINES:
            self._dated(project)
            self._store.add_line(project.id, self._line_like(self._dice.choice(_own(project))))

    def add_novelty(self) -> None:
        """A line of a new product."""
        project = self._project()
        line = replace(
            self._dice.choice(_own(project)), kind="physical", labor=(), model=self._fresh("NOVEL")
        )
        self._dated(project)
        self._store.add_line(project.id, line)

    def add_same_novelty_everywhere(self) -> None:
        """Every project gets a line of one new product."""
        model = self._fresh("NOVEL")
        for project in self.projects():
            line = replace(_own(project)[0], kind="physical", labor=(), model=model)
            self._dated(project)
            self._store.add_line(project.id, replace(line, manufacturer=Named(id=901, name="Novel")))

    def remove_line(self) -> None:
        project = self._project()
        own = _own(project)
        if len(own) > _FEWEST_LINES:
            self._dated(project)
            self._store.remove_line(project.id, self._dice.choice(own).id)

    def rename(self) -> None:
        project = self._project()
        self._dated(project)
        self._store.edit_project(project.id, name=f"Renamed {self._dice.randrange(10**6)}")

    def change_labor(self) -> None:
        project = self._project()
        if project.labor:
            kind = self._dice.choice(project.labor)
            self._dated(project)
            self._store.edit_labor(project.id, kind.id, base_hours=Decimal(self._dice.randrange(80)) / 4)

    def take_back(self, before: Project) -> None:
        """All lines are again as they were in `before`."""
        project = self._now(before)
        for line in before.lines:
            if line not in project.lines:
                self._dated(self._now(before))
                self._store.edit_line(
                    project.id,
                    line.id,
                    quantity_per_room=line.quantity_per_room,
                    price=line.price,
                    project_cost=line.project_cost,
                )

    def add_option(self, project: Project | None = None) -> None:
        project = self._now(project) if project is not None else self._project()
        like = [replace(line, kind="physical", labor=()) for line in _own(project)[:2]]
        self._dated(project)
        self._store.add_option(project.id, name=self._fresh("Option"), lines=tuple(like))

    def new_version(self, project: Project | None = None) -> None:
        project = self._now(project) if project is not None else self._project()
        self._dated(project)
        self._store.new_version(project.id)

    def change_stage(self) -> None:
        project = self._project()
        self._dated(project)
        self._store.edit_project(project.id, stage=self._dice.choice(_STAGES))

    def new_project(self) -> None:
        if len(self.projects()) < _MOST_PROJECTS:
            self.begin_project()

    def begin_novel_project(self) -> None:
        """A new project all of whose products are new as well."""
        self.begin_project(novel=True)

    def begin_client_project(self) -> None:
        """A new project of a new client."""
        self.begin_project(client=self.new_client())

    def begin_project(self, *, client: int | None = None, novel: bool = False) -> None:
        self._dated(None)
        made = self._store.add_plain_project(lines=self._dice.randrange(5, 25), name=self._fresh("Project"))
        for line in made.lines if novel else ():
            self._store.edit_line(made.id, line.id, model=self._fresh("NOVEL"))
        chosen = client or self._dice.choice(list(self._store.clients.shelf)).id
        office = self._dice.choice(self._store.company.offices).id
        self._dated(made)
        self._store.edit_project(made.id, client_id=chosen, office_id=office)

    def new_client(self) -> int:
        """A new client with a primary contact."""
        user = next(iter(self._store.users)).id
        client = self._store.clients.add({"user_id": user, "company_name": self._fresh("Client")})
        name = self._fresh("Contact")
        self._store.clients.add_contact(
            client.id,
            {
                "first_name": "Pat",
                "last_name": name,
                "email_address": f"{name.replace(' ', '.').lower()}@example.com",
                "primary": True,
            },
        )
        return client.id

    def foreign_line(self) -> None:
        """Another user adds a product item by hand to a linked opportunity."""
        store = self._box.connectwise
        ours = [
            row for row in store.table("sales/opportunities") if row.get("source", "").startswith("jetbuilt:")
        ]
        if not ours:
            return
        opportunity = self._dice.choice(ours)
        item = next(iter(store.table("procurement/catalog")))
        store.add(
            "procurement/products",
            opportunity={"id": opportunity["id"]},
            catalogItem={"id": item["id"]},
            description=self._fresh("By hand"),
            quantity=Decimal(1),
            price=Decimal("19.90"),
            cost=Decimal("12.00"),
            integrationXRef=self._dice.choice((None, "other:7", "item:7")),
        )

    def projects(self) -> list[Project]:
        """The active versions."""
        return [record.project for record in self._store.projects.listed]

    def _now(self, project: Project) -> Project:
        """The active version of the same family."""
        return next(other for other in self.projects() if other.family_id == project.family_id)

    def _project(self) -> Project:
        return self._dice.choice(self.projects())

    def _fresh(self, noun: str) -> str:
        self._new += 1
        return f"{noun} {self._new:03}"

    def _line_like(self, line: Line) -> Line:
        """A line of a known product, or of one of a few new ones that several projects come to want at once."""
        if self._dice.random() < 0.4:
            return replace(line, kind="physical", labor=())
        model = f"NEW-{self._dice.randrange(_NEW_MODELS)}"
        return replace(line, kind="physical", labor=(), model=model, manufacturer=Named(id=901, name="Novel"))

    def _dated(self, project: Project | None) -> None:
        """Some saves are dated when they began and seen only when they are done; one project's times never go back."""
        late = self._dice.uniform(0, _HIDDEN_SECONDS) if self._late and self._dice.random() < 0.4 else 0.0
        moment = utc_now() - timedelta(seconds=late)
        if project is not None:
            moment = max(moment, project.updated_at + timedelta(milliseconds=1))
        self._store._clock = lambda: moment


def _own(project: Project) -> list[Line]:
    return [line for line in project.lines if line.option_id is None]


def _money(dice: random.Random) -> Decimal:
    return Decimal(dice.randrange(100, 500_000)) / 100
