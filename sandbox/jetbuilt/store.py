"""The state of the stand-in, and the edits that its API and a test can make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sandbox.jetbuilt import problems
from sandbox.jetbuilt.clients import Clients
from sandbox.jetbuilt.modes import Modes
from sandbox.jetbuilt.projects import Projects
from sandbox.jetbuilt.shelf import Shelf
from sandbox.world.model import (
    LaborType,
    Line,
    Option,
    Product,
    Project,
    ServicePackage,
    Stage,
    User,
    World,
)
from sandbox.world.numbers import Numbers
from sandbox.world.plain import new_project, plain_project
from sandbox.world.versions import next_version


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class JetbuiltStore:
    """Everything the stand-in knows. Edits refuse like the API does, by raising `problems.Refusal`."""

    def __init__(
        self, world: World, *, clock: Callable[[], datetime] = utc_now, modes: Modes | None = None
    ) -> None:
        self.modes = modes or Modes()
        self.company = world.company
        self.products: Shelf[Product] = Shelf(world.products)
        self.users: Shelf[User] = Shelf(user for user in world.users if user.active)
        self._products_by_name = {(p.manufacturer.name, p.model): p for p in world.products}
        self._names = {user.id: user.full_name for user in world.users}
        self._offices = {office.id: office.name for office in world.offices}
        self.numbers = Numbers.after(world)
        self._clock = clock
        self.clients = Clients(world.clients, numbers=self.numbers, modes=self.modes, now=self.now)
        self.projects = Projects(world.projects, modes=self.modes, now=self.now)

    def now(self) -> datetime:
        """Return the time of the clock, cut to the milliseconds that the API shows."""
        at = self._clock()
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def full_name(self, user_id: int) -> str | None:
        """Return the name of a user, also of one who has left; None when there never was one."""
        return self._names.get(user_id)

    def office_name(self, office_id: int) -> str | None:
        return self._offices.get(office_id)

    def searchable(self, project_id: int) -> str:
        """Return the text that the filter `query` looks into, folded."""
        project = self.project(project_id)
        client = self.clients.shelf.get(project.client_id)
        names = [f"{c.first_name} {c.last_name}" for c in client.contacts] if client else []
        company = client.company_name if client else ""
        return "\n".join((project.name, project.custom_id, project.address.city, company, *names)).casefold()

    def product_named(self, manufacturer: str, model: str) -> Product | None:
        return self._products_by_name.get((manufacturer, model))

    def project(self, project_id: int) -> Project:
        """Return a project as it is now; raise Refusal 404 when there is none."""
        return self.projects.get(project_id).project

    def add_project(self, project: Project) -> Project:
        """Store a ready-made project under its own id and times."""
        return self.projects.commit(project, touch=False).project

    def add_plain_project(
        self,
        *,
        lines: int,
        name: str = "Plain project",
        stage: Stage = "proposal",
        distinct_products: bool = False,
    ) -> Project:
        """Store a project of exactly `lines` physical lines, nothing else; see `world.plain.plain_project`."""
        office = self.company.offices[0]
        project = plain_project(
            list(self.products),
            self.numbers,
            lines=lines,
            at=self.now(),
            owner_id=next(iter(self.users)).id,
            client_id=next(iter(self.clients.shelf)).id,
            office_id=office.id,
            name=name,
            stage=stage,
            distinct_products=distinct_products,
        )
        return self.add_project(project)

    def create_project(self, fields: dict[str, Any], address: dict[str, str]) -> Project:
        """Store a new project in stage `opportunity`, with the first room, system and labor types of a new one."""
        return self.projects.commit(new_project(self.numbers, fields, address, at=self.now())).project

    def edit_project(self, project_id: int, address: dict[str, str] | None = None, **changes: Any) -> Project:
        """Change fields of a project by their names in the model, the stage included."""
        project = replace(self.project(project_id), **changes)
        moved = replace(project.address, **address) if address else project.address
        return self.projects.commit(replace(project, address=moved)).project

    def delete_project(self, project_id: int) -> None:
        """Delete a project, after which it answers 404."""
        self.projects.remove(project_id)

    def new_version(
        self, project_id: int, *, name: str = "", description: str | None = None, lock: bool = False
    ) -> Project:
        """Supersede a version by a copy under new ids; the old one stays readable and leaves the lists."""
        old = self.project(project_id)
        versions = len(self.projects.versions(old)) + 1
        new = next_version(
            old, self.numbers, name=name or f"1.{versions}", description=description, at=self.now()
        )
        for version in (old, *self.projects.versions(old)):
            if version.active_version:
                self.projects.commit(replace(version, active_version=False, locked=lock), touch=False)
        return self.projects.commit(new, touch=False).project

    def add_line(self, project_id: int, line: Line) -> Line:
        """Append a line to a project; id and times are given by the store."""
        project = self.projects.unlocked(project_id)
        now = self.now()
        placed = replace(line, id=next(self.numbers.lines), created_at=now, updated_at=now)
        self.projects.commit_content(replace(project, lines=(*project.lines, placed)))
        return placed

    def edit_line(self, project_id: int, line_id: int, **changes: Any) -> Line:
        """Change fields of a line by their names in the model; `price=`, `owner_furnished=True` and so on."""
        project = self.projects.unlocked(project_id)
        changed = replace(self.projects.line(project_id, line_id), **changes, updated_at=self.now())
        lines = tuple(changed if line.id == line_id else line for line in project.lines)
        self.projects.commit_content(replace(project, lines=lines))
        return changed

    def furnish_by_owner(self, project_id: int, line_id: int) -> Line:
        """Mark a line as furnished by the owner, which takes its equipment out of the totals."""
        return self.edit_line(project_id, line_id, owner_furnished=True)

    def remove_line(self, project_id: int, line_id: int) -> None:
        """Delete a line."""
        project = self.projects.unlocked(project_id)
        gone = self.projects.line(project_id, line_id)
        lines = tuple(line for line in project.lines if line is not gone)
        self.projects.commit_content(replace(project, lines=lines))

    def edit_labor(
        self,
        project_id: int,
        labor_type_id: int,
        *,
        base_hours: Decimal | None = None,
        price: Decimal | None = None,
    ) -> LaborType:
        """Change the hours or the hourly price of a labor type of a project."""
        project = self.projects.unlocked(project_id)
        known = _by_id(project.labor, labor_type_id)
        changed = replace(
            known,
            base_hours=known.base_hours if base_hours is None else base_hours,
            price=known.price if price is None else price,
        )
        self.projects.commit_content(replace(project, labor=_swapped(project.labor, changed)))
        return changed

    def add_option(self, project_id: int, *, name: str, lines: tuple[Line, ...] = ()) -> Option:
        """Add an option with its own lines."""
        project = self.projects.unlocked(project_id)
        now = self.now()
        option = Option(
            id=next(self.numbers.options), name=name, scope="", sold=False, created_at=now, updated_at=now
        )
        placed = tuple(
            replace(line, id=next(self.numbers.lines), option_id=option.id, created_at=now, updated_at=now)
            for line in lines
        )
        self.projects.commit_content(
            replace(project, options=(*project.options, option), lines=(*project.lines, *placed))
        )
        return option

    def edit_option(self, project_id: int, option_id: int, **changes: Any) -> Option:
        """Change fields of an option by their names in the model; `sold=True` and so on."""
        project = self.projects.unlocked(project_id)
        changed = replace(self.projects.option(project_id, option_id), **changes, updated_at=self.now())
        self.projects.commit_content(replace(project, options=_swapped(project.options, changed)))
        return changed

    def merge_option(self, project_id: int, option_id: int) -> Project:
        """Make an option part of its project: its lines stay, those they replace go, and the option is gone."""
        project = self.projects.unlocked(project_id)
        option = self.projects.option(project_id, option_id)
        merged = [line for line in project.lines if line.option_id == option_id]
        replaced = {old for line in merged for old in line.replacement_lineitem_ids}
        now = self.now()
        lines = tuple(
            replace(line, option_id=None, replacement_lineitem_ids=(), updated_at=now)
            if line.option_id == option_id
            else line
            for line in project.lines
            if line.id not in replaced
        )
        labor = tuple(_credited(kind, option) for kind in project.labor)
        options = tuple(other for other in project.options if other is not option)
        return self.projects.commit(replace(project, lines=lines, labor=labor, options=options)).project

    def add_service_package(
        self, project_id: int, *, name: str, price: Decimal, cost: Decimal, sold: bool = True
    ) -> ServicePackage:
        """Add an optional service package of a flat price."""
        project = self.projects.unlocked(project_id)
        package = ServicePackage(
            id=next(self.numbers.packages),
            name=name,
            purchase_type="optional",
            pricing_method="flat_price",
            program_term="annually",
            price=price,
            cost=cost,
            sold=sold,
            taxed=False,
            taxable_amount_percent=Decimal(100),
        )
        self.projects.commit_content(replace(project, service_packages=(*project.service_packages, package)))
        return package

    def edit_service_package(self, project_id: int, package_id: int, **changes: Any) -> ServicePackage:
        """Change fields of a service package by their names in the model."""
        project = self.projects.unlocked(project_id)
        changed = replace(_by_id(project.service_packages, package_id), **changes)
        packages = _swapped(project.service_packages, changed)
        self.projects.commit_content(replace(project, service_packages=packages))
        return changed


_Noun = TypeVar("_Noun", LaborType, Option, ServicePackage)


def _by_id(nouns: tuple[_Noun, ...], noun_id: int) -> _Noun:
    for noun in nouns:
        if noun.id == noun_id:
            return noun
    raise problems.missing()


def _swapped(nouns: tuple[_Noun, ...], changed: _Noun) -> tuple[_Noun, ...]:
    return tuple(changed if noun.id == changed.id else noun for noun in nouns)


def _credited(kind: LaborType, option: Option) -> LaborType:
    credit = sum((c.hours for c in option.labor_credits if c.labor_type == kind.name), Decimal(0))
    return replace(kind, base_hours=kind.base_hours - credit)
