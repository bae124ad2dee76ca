"""What Jetbuilt holds in a case: the standard project with the differences the case tells."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.server import Sandbox
from sandbox.world.model import (
    Address,
    Bundle,
    Client,
    Company,
    Contact,
    Group,
    LaborType,
    Office,
    Project,
    Room,
    User,
    World,
)
from tests.conformance import jetbuilt_rows, text_table
from tests.conformance.case import Fields, Given
from tests.conformance.jetbuilt_rows import LONG_AGO
from tests.conformance.text_table import Row

STANDARD: Fields = tomllib.loads((Path(__file__).parent / "standard.toml").read_text("utf-8"))
FAMILY: int = STANDARD["project"]["id"]
_PARENT = 302
_ADDRESS = ("street", "city", "state", "zipcode", "country")


@dataclass
class JetbuiltSide:
    """Keeps what the case has told so far and puts the project that follows from it into the stand-in."""

    box: Sandbox
    project: Fields = field(default_factory=lambda: dict(STANDARD["project"]))
    client: Fields = field(default_factory=lambda: dict(STANDARD["client"]))
    tables: Fields = field(default_factory=lambda: {"items": STANDARD["project"]["items"]})
    renumbered: bool = False

    def change(self, given: Given) -> None:
        """Take over the differences; nothing is stored when there are none."""
        if given.deleted:
            self.box.jetbuilt.delete_project(self.active_id)
            return
        self.project |= given.project
        self.client |= given.client
        named = (
            "contacts",
            "rooms",
            "systems",
            "bundles",
            "items",
            "labor",
            "factors",
            "packages",
            "options",
            "credits",
        )
        self.tables |= {name: getattr(given, name) for name in named if getattr(given, name) is not None}
        self._put_client(given)
        self._put_office(given.office)
        if given.new_version:
            self.box.jetbuilt.new_version(self.active_id)
            self.renumbered = True
        if self.renumbered:
            header = self._header()
            del header["address"]
            self.box.jetbuilt.edit_project(self.active_id, **header)
        else:
            self.box.jetbuilt.add_project(self._built())

    @property
    def active_id(self) -> int:
        records = self.box.jetbuilt.projects.listed
        return next(record.id for record in records if record.project.family_id == FAMILY)

    def _put_client(self, given: Given) -> None:
        shelf = self.box.jetbuilt.clients.shelf
        if given.parent_client is not None:
            shelf.put(_client({"name": "Parent", **given.parent_client, "id": _PARENT}, contacts=()))
            self.client["parent"] = _PARENT
        contacts = str(self.tables.get("contacts", self.client["contacts"]))
        shelf.put(_client(self.client, contacts=tuple(map(jetbuilt_rows.contact, text_table.read(contacts)))))

    def _put_office(self, changes: Fields) -> None:
        store = self.box.jetbuilt
        if changes:
            first, *others = store.company.offices
            moved = replace(first, address=replace(first.address, **changes))
            store.company = replace(store.company, offices=(moved, *others))

    def _built(self) -> Project:
        rooms = self._rooms()
        systems = self._groups("systems", first=71)
        bundles = tuple(
            Bundle(id=place, name=name, description="", quantity=Decimal(1))
            for place, name in enumerate(self.tables.get("bundles", ()), start=81)
        )
        options = tuple(jetbuilt_rows.option(row, self._rows("credits")) for row in self._rows("options"))
        labor = tuple(jetbuilt_rows.labor(row) for row in self._rows("labor"))
        nouns: tuple[Room | Group | Bundle | LaborType, ...] = (*rooms, *systems, *bundles, *labor)
        ids = {noun.name: noun.id for noun in nouns}
        return Project(
            id=FAMILY,
            created_at=_moment(self.project["created"]),
            updated_at=self.box.jetbuilt.now(),
            rooms=rooms,
            systems=systems,
            bundles=bundles,
            labor=labor,
            lines=tuple(jetbuilt_rows.line(row, ids) for row in self._rows("items")),
            factors=tuple(jetbuilt_rows.factor(row) for row in self._rows("factors")),
            options=options,
            service_packages=tuple(jetbuilt_rows.package(row) for row in self._rows("packages")),
            **self._header(),
        )

    def _header(self) -> Fields:
        """The fields of the project itself, by their names in the model."""
        told = self.project
        users = {user["name"]: user["id"] for user in STANDARD["user"]}
        offices = {office["name"]: office["id"] for office in STANDARD["office"]}
        closes = told["close_date"]
        return {
            "name": told["name"],
            "custom_id": told["custom_id"],
            "stage": told["stage"],
            "currency": told["currency"],
            "short_description": text_table.unfolded(told.get("description", "")) or None,
            "owner_id": users[told["owner"]],
            "client_id": self.client["id"] if told.get("client", True) else None,
            "office_id": offices.get(told["office"], 0),
            "close_date": date.fromisoformat(closes) if closes else None,
            "primary_contact_id": told.get("contact"),
            "sales_tax": Decimal(told.get("sales_tax", "0")),
            "labor_tax": Decimal(told.get("labor_tax", "0")),
            "address": _address(told, country=""),
        }

    def _rows(self, name: str) -> list[Row]:
        return text_table.read(self.tables.get(name, ""))

    def _rooms(self) -> tuple[Room, ...]:
        rows = self._rows("rooms") or [{"room": "Main Room", "quantity": "1"}]
        return tuple(
            Room(
                id=place,
                name=row["room"],
                quantity=int(row["quantity"]),
                created_at=LONG_AGO,
                updated_at=LONG_AGO,
            )
            for place, row in enumerate(rows, start=61)
        )

    def _groups(self, name: str, *, first: int) -> tuple[Group, ...]:
        return tuple(
            Group(id=place, name=named, created_at=LONG_AGO, updated_at=LONG_AGO)
            for place, named in enumerate(self.tables.get(name, ()), start=first)
        )


def world() -> World:
    """The standard integrator without clients and projects."""
    offices = tuple(
        Office(
            id=office["id"],
            name=office["name"],
            time_zone="UTC",
            product_database_id=3,
            address=Address(**office["address"]),
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
        )
        for office in STANDARD["office"]
    )
    users = tuple(
        User(
            id=user["id"],
            full_name=user["name"],
            email=user["email"],
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
        )
        for user in STANDARD["user"]
    )
    return World(
        seed=1,
        company=Company(id=417, name="Halcyon AV", offices=offices, created_at=LONG_AGO, updated_at=LONG_AGO),
        users=users,
        clients=(),
        manufacturers=(),
        vendors=(),
        item_types=(),
        products=(),
        projects=(),
    )


def _client(told: Fields, *, contacts: tuple[Contact, ...]) -> Client:
    return Client(
        id=told["id"],
        user_id=STANDARD["user"][0]["id"],
        company_name=told["name"],
        website=told.get("website", ""),
        phone=told.get("phone", ""),
        description="",
        delinquent=False,
        address=_address(told, country=""),
        external_ids=None,
        parent_id=told.get("parent"),
        contacts=contacts,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


def _address(told: Fields, *, country: str) -> Address:
    known: dict[str, Any] = {name: told[name] for name in _ADDRESS if name in told}
    return Address(**{"country": country, **known})


def _moment(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
