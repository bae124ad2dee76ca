"""What Jetbuilt holds in a case: the standard project with the differences the case tells."""

from __future__ import annotations

import re
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
    Expense,
    Factor,
    Group,
    LaborCredit,
    LaborType,
    Line,
    LineLabor,
    Named,
    Office,
    Option,
    Project,
    Room,
    ServicePackage,
    Trip,
    User,
    World,
)
from tests.conformance import text_table
from tests.conformance.case import Fields, Given
from tests.conformance.text_table import Row

STANDARD: Fields = tomllib.loads((Path(__file__).parent / "standard.toml").read_text("utf-8"))
FAMILY: int = STANDARD["project"]["id"]
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
_PARENT = 302
_ADDRESS = ("street", "city", "state", "zipcode", "country")
_LABOR_CATEGORY = "install"
_LABOR = re.compile(r"(?P<name>[^,]+?) (?P<minutes>\d+) min(?P<taxed> taxed)?(?:, |$)")


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
        named = ("contacts", "rooms", "systems", "bundles", "items", "labor", "factors", "packages", "options", "credits")
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
        contacts = self.tables.get("contacts", self.client["contacts"])
        shelf.put(_client(self.client, contacts=tuple(map(_contact, text_table.read(contacts)))))

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
        options = tuple(self._option(row) for row in self._rows("options"))
        labor = tuple(_labor(row) for row in self._rows("labor"))
        ids = {noun.name: noun.id for noun in (*rooms, *systems, *bundles, *labor)}
        return Project(
            id=FAMILY,
            created_at=_moment(self.project["created"]),
            updated_at=self.box.jetbuilt.now(),
            rooms=rooms,
            systems=systems,
            bundles=bundles,
            labor=labor,
            lines=tuple(_line(row, ids) for row in self._rows("items")),
            factors=tuple(_factor(row) for row in self._rows("factors")),
            options=options,
            service_packages=tuple(_package(row) for row in self._rows("packages")),
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

    def _option(self, row: Row) -> Option:
        credit = tuple(
            LaborCredit(
                labor_type=saved["labor"],
                category=_LABOR_CATEGORY,
                hours=Decimal(saved["hours"]),
                unit_cost=Decimal(saved["cost"]),
                unit_price=Decimal(saved["price"]),
            )
            for saved in self._rows("credits")
            if saved["option"] == row["option"]
        )
        return Option(
            id=int(row["option"]),
            name=row["name"],
            scope=row.get("scope", ""),
            sold=_yes(row.get("sold", "no")),
            active=_yes(row.get("active", "yes")),
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
            labor_credits=credit,
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
        User(id=user["id"], full_name=user["name"], email=user["email"], created_at=LONG_AGO, updated_at=LONG_AGO)
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


def _contact(row: Row) -> Contact:
    return Contact(
        id=int(row["contact"]),
        first_name=row["first name"],
        last_name=row["last name"],
        title=row.get("title", ""),
        email_address=row.get("email", ""),
        phone_number_1=row.get("phone", ""),
        phone_number_2=row.get("second phone", ""),
        description="",
        primary=_yes(row.get("primary", "no")),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


def _line(row: Row, ids: dict[str, int]) -> Line:
    """A line by the columns its table has; a column that is missing or empty leaves the usual."""
    cost = _money(row, "cost")
    return Line(
        id=int(row["item"]),
        kind=row.get("kind") or "physical",  # type: ignore[arg-type]  # the sandbox refuses others
        manufacturer=Named(id=1, name=row.get("manufacturer", "")),
        model=row.get("model", ""),
        part_number=row.get("part number") or None,
        short_description=row.get("description", ""),
        item_type=Named(id=1, name=row.get("item type", "")),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        product_id=None if _yes(row.get("custom", "no")) else 1,
        custom_product_id=1 if _yes(row.get("custom", "no")) else None,
        custom=_yes(row.get("custom", "no")),
        room_id=ids.get(row.get("room", ""), ids.get("Main Room")),
        system_id=ids.get(row.get("system", "")),
        bundle_id=ids.get(row.get("bundle", "")),
        option_id=int(row["option"]) if row.get("option") else None,
        quantity_per_room=Decimal(row.get("quantity") or 1),
        price=_money(row, "price"),
        cost=_money(row, "purchase cost") if row.get("purchase cost") else cost,
        project_cost=cost,
        currency_iso=row.get("purchase currency") or "USD",
        shipping_price=_money(row, "shipping"),
        subcontract_labor_price=_money(row, "subcontract price"),
        subcontract_labor_cost=_money(row, "subcontract cost"),
        owner_furnished=_yes(row.get("owner-furnished", "no")),
        hidden=_yes(row.get("hidden", "no")),
        tax_equipment=_yes(row.get("taxable", "yes")),
        tax_shipping=_yes(row.get("taxable shipping", "no")),
        labor=_labor_of(row.get("labor", ""), ids),
        notes=row.get("notes") or None,
        external_notes=row.get("customer notes") or None,
        replacement_lineitem_ids=tuple(map(int, row.get("replaces", "").split())),
    )


def _labor_of(told: str, ids: dict[str, int]) -> tuple[LineLabor, ...]:
    """`Installation 30 min` or `Installation 30 min taxed` for each unit; several parted by commas."""
    return tuple(
        LineLabor(
            labor_type_id=ids[entry["name"]],
            minutes_per_unit=Decimal(entry["minutes"]),
            taxable=entry["taxed"] is not None,
        )
        for entry in _LABOR.finditer(told)
    )


def _labor(row: Row) -> LaborType:
    return LaborType(
        id=int(row["labor"]),
        name=row["name"],
        category=_LABOR_CATEGORY,
        cost=_money(row, "cost"),
        price=_money(row, "price"),
        base_hours=Decimal(row.get("hours") or 0),
    )


def _factor(row: Row) -> Factor:
    days = int(row.get("days") or 0)
    return Factor(
        id=int(row["factor"]),
        name=row["name"],
        description=row.get("description", ""),
        factor_method=row["method"],
        taxed=_yes(row.get("taxed", "no")),
        hidden=_yes(row.get("hidden", "no")),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        rate_price=_money(row, "rate"),
        rate_cost=_money(row, "cost rate"),
        hours_per_day=_money(row, "hours per day"),
        trips=(Trip(description="Trip", days=days),) if days else (),
        expenses=(_expense(row),) if days else (),
    )


def _expense(row: Row) -> Expense:
    return Expense(
        expense_name="Lodging",
        calculation_method="trip_flat_rate_per_day",
        per_crew_member=False,
        plus_supervisor=False,
        cost=_money(row, "cost a day"),
        price=_money(row, "price a day"),
    )


def _package(row: Row) -> ServicePackage:
    return ServicePackage(
        id=int(row["package"]),
        name=row["name"],
        purchase_type=row.get("purchase type") or "optional",
        pricing_method=row.get("pricing") or "flat_price",
        program_term="annually",
        price=_money(row, "price"),
        cost=_money(row, "cost"),
        sold=_yes(row.get("sold", "no")),
        taxed=_yes(row.get("taxed", "no")),
        taxable_amount_percent=Decimal(100),
    )


def _address(told: Fields, *, country: str) -> Address:
    known: dict[str, Any] = {name: told[name] for name in _ADDRESS if name in told}
    return Address(**{"country": country, **known})


def _moment(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def _money(row: Row, column: str) -> Decimal:
    return Decimal(row.get(column) or 0)


def _yes(word: str) -> bool:
    if word not in {"yes", "no", ""}:
        raise ValueError(f"{word!r} is neither yes nor no")
    return word == "yes"
