"""A tenant that has been in use for years: some of the integrator's clients, people and products are there already."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from sandbox.connectwise.rules.catalog import LONGEST as LONGEST_IDENTIFIER
from sandbox.connectwise.rules.company import SINGLE_FLAGS
from sandbox.connectwise.setup_tables import fill_setup_tables
from sandbox.connectwise.store import API_MEMBER, ConnectWiseStore
from sandbox.connectwise.table import Row
from sandbox.world.model import Client, Contact, Product, User, World

T = TypeVar("T")

SHARE_OF_CLIENTS = 0.6
SHARE_OF_CONTACTS = 0.5
SHARE_OF_PRODUCTS = 0.4
INACTIVE_PRODUCTS = 3
OLD = {
    "lastUpdated": "2024-03-04T15:20:00Z",
    "updatedBy": "admin",
    "dateEntered": "2019-05-06T14:00:00Z",
    "enteredBy": "admin",
}


def seed(store: ConnectWiseStore, world: World) -> None:
    """Fill an empty store; the same world gives the same rows."""
    _Seeder(store, world).run()


class _Seeder:
    def __init__(self, store: ConnectWiseStore, world: World) -> None:
        self._store = store
        self._world = world
        self._dice = random.Random(f"{world.seed}:connectwise")

    def run(self) -> None:
        fill_setup_tables(self._store, [office.name for office in self._world.company.offices])
        for table in self._store.tables.values():
            for row in list(table):
                self._store.put(table.name, row | {"_info": OLD})
        self._members()
        self._companies()
        self._catalog()

    def _add(self, table: str, **fields: Any) -> Row:
        return self._store.add(table, **fields, _info=OLD)

    def _ref(self, table: str, position: int = 0) -> Row:
        return {"id": list(self._store.table(table))[position]["id"]}

    def _members(self) -> None:
        """Every user but the last is a member; the API member is the one our keys belong to."""
        for user in self._world.users[:-1]:
            self._member(user)
        self._add(
            "system/members",
            identifier=API_MEMBER,
            firstName="API",
            lastName="Bridge",
            fullName="API Bridge",
            licenseClass="A",
            hireDate="2023-01-01T00:00:00Z",
            defaultLocation=self._ref("system/locations"),
            defaultDepartment=self._ref("system/departments"),
        )

    def _member(self, user: User) -> None:
        first, _, last = user.full_name.partition(" ")
        self._add(
            "system/members",
            identifier=_letters(first[:1] + last)[:15],
            firstName=first[:30],
            lastName=last[:30],
            fullName=user.full_name,
            licenseClass="F",
            hireDate="2018-01-08T00:00:00Z",
            officeEmail=user.email,
            primaryEmail=user.email,
            defaultEmail="Office",
            defaultPhone="Office",
            inactiveFlag=not user.active,
            defaultLocation=self._ref("system/locations"),
            defaultDepartment=self._ref("system/departments"),
        )

    def _companies(self) -> None:
        chosen = self._share(self._world.clients, SHARE_OF_CLIENTS)
        for position, client in enumerate(chosen):
            name = client.company_name
            if position == 1:
                name = name.upper().replace(" ", "  ", 1)
            company = self._company(client, name, _letters(name).upper()[:20] + f"{position:02}")
            if position == 2:
                gone = {"deletedFlag": True, "dateDeleted": "2022-08-01T09:00:00Z", "deletedBy": "admin"}
                self._company(client, name, _letters(name).upper()[:20] + "OLD", **gone)
            for contact in client.contacts:
                if self._dice.random() < SHARE_OF_CONTACTS:
                    self._contact(contact, company)

    def _company(self, client: Client, name: str, identifier: str, **more: Any) -> Row:
        address = {
            "addressLine1": client.address.street[:50],
            "city": client.address.city[:50],
            "zip": client.address.zipcode[:12],
            "phoneNumber": client.phone[:30],
        }
        company = self._add(
            "company/companies",
            identifier=identifier,
            name=name,
            state=client.address.state[:50],
            website=client.website[:255],
            status=self._ref("company/companies/statuses"),
            territory=self._ref("system/locations"),
            currency=self._ref("finance/currencies"),
            **address,
            **more,
        )
        site = self._add(
            "company/companies/sites",
            name="Main",
            company={"id": company["id"]},
            **address,
            **dict.fromkeys(SINGLE_FLAGS, True),
        )
        kind = self._ref("company/companies/types")
        self._add("company/companyTypeAssociations", company={"id": company["id"]}, type=kind)
        self._store.put("company/companies", company | {"site": {"id": site["id"]}, "types": [kind]})
        return company

    def _contact(self, contact: Contact, company: Row) -> None:
        ways = "company/contacts/communications"
        email = {
            "id": self._store.table(ways).new_id(),
            "type": self._ref("company/communicationTypes"),
            "value": contact.email_address,
            "defaultFlag": True,
            "domain": "@" + contact.email_address.rpartition("@")[2],
            "communicationType": "Email",
        }
        row = self._add(
            "company/contacts",
            firstName=contact.first_name,
            lastName=contact.last_name,
            title=contact.title,
            company={"id": company["id"]},
            site=self._site_of(company),
            communicationItems=[email] if contact.email_address else [],
        )
        if contact.email_address:
            self._store.put(ways, email | {"contactId": row["id"], "_info": row["_info"]})

    def _site_of(self, company: Row) -> Row:
        (site,) = self._store.table("company/companies/sites").find("company/id", company["id"])
        return {"id": site["id"]}

    def _catalog(self) -> None:
        """A part of the products; some inactive, and one that somebody once entered twice."""
        chosen = self._share(self._world.products, SHARE_OF_PRODUCTS)
        items = [item for product in chosen if (item := self._catalog_item(product)) is not None]
        for item in items[-INACTIVE_PRODUCTS:]:
            self._store.put("procurement/catalog", item | {"inactiveFlag": True})
        if items:
            twin = {name: value for name, value in items[0].items() if name not in ("id", "_info")}
            self._add("procurement/catalog", **twin | {"identifier": twin["identifier"] + "Copy0"})

    def _catalog_item(self, product: Product) -> Row | None:
        identifier = (product.model or product.part_number or "")[:LONGEST_IDENTIFIER]
        if not identifier or self._store.table("procurement/catalog").find("identifier", identifier):
            return None
        subcategory = self._dice.choice(list(self._store.table("procurement/subcategories")))
        return self._add(
            "procurement/catalog",
            identifier=identifier,
            description=product.short_description[:60] or identifier[:60],
            customerDescription=product.short_description or identifier,
            subcategory={"id": subcategory["id"]},
            category=subcategory["category"],
            type=self._ref("procurement/types"),
            productClass="Inventory",
            unitOfMeasure=self._ref("procurement/unitOfMeasures"),
            price=product.price,
            cost=product.cost,
            taxableFlag=True,
            manufacturer=self._manufacturer(product.manufacturer.name),
            manufacturerPartNumber=(product.part_number or product.model)[:50],
            billableOption="Billable",
        )

    def _manufacturer(self, name: str) -> Row:
        known = self._store.table("procurement/manufacturers").find("name", name[:50])
        return {"id": (known[0] if known else self._add("procurement/manufacturers", name=name[:50]))["id"]}

    def _share(self, items: Iterable[T], share: float) -> list[T]:
        pool = list(items)
        picked = set(self._dice.sample(range(len(pool)), round(len(pool) * share)))
        return [item for position, item in enumerate(pool) if position in picked]


def _letters(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)
