"""A bench for accounts and contacts: both stand-ins, the billing flow switched on, and what another user does on either side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Links
from cwbridge.redis import Redis
from sandbox.bss.collections import Row
from sandbox.server import Options, Sandbox
from tests.support.bench import Bench
from tests.support.configured import bss_section

COMPANIES = "company/companies"
CONTACTS = "company/contacts"
TYPES = "company/companyTypeAssociations"
ACCOUNT_TYPES = {"Customer": "Client", "Reseller": "Partner", "Prospect": "Prospect"}
_TYPE_IDS = {"Customer": 1, "Reseller": 2, "Prospect": 3, "Distributor": 4}
ADDRESS = {
    "address1": "4100 Campus Way",
    "city": "Seattle",
    "postCode": "98195",
    "stateName": "Washington",
    "stateCode": "WA",
    "countryName": "United States",
    "countryCode": "US",
}


class Pairs:
    """Both tenants as their users see them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._billing: dict[str, Any] = {"account_types": ACCOUNT_TYPES}
        self.bss = bench.box.bss
        self.connectwise = bench.box.connectwise
        bench.changes = {
            "jetbuilt": {"url": None},
            "bss": {**bss_section(bench.box), "rate_limit": "off", "concurrency": 16},
            "billing": self._billing,
        }

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, redis: Redis, redis_url: str, namespace: str, *, kind: type[Sandbox] = Sandbox
    ) -> AsyncIterator[Pairs]:
        """Tenants without any account, company, contact or document of BSS."""
        options = Options(projects=1, limits=False)
        async with Bench.opened(redis, redis_url, namespace, options, kind=kind) as bench:
            pairs = cls(bench)
            pairs.clear()
            yield pairs

    def clear(self) -> None:
        """Remove the accounts, companies, contacts and documents that the stand-ins begin with."""
        documents = ("payments", "invoices", "orders", "subscriptions", "products")
        for collection in (*documents, "contacts", "accounts"):
            for number in list(self.bss.rows(collection)):
                self.bss.remove(collection, number)
        self.clear_connectwise()

    def clear_connectwise(self) -> None:
        """Remove the companies and contacts of ConnectWise alone."""
        for table in (f"{CONTACTS}/communications", CONTACTS, TYPES, f"{COMPANIES}/sites", COMPANIES):
            for row in list(self.connectwise.table(table)):
                self.connectwise.remove(table, row["id"])

    def choose(self, **settings: Any) -> None:
        """Change settings of the table `billing`."""
        self._billing.update(settings)

    def configure(self, section: str, **values: Any) -> None:
        """Change settings of another table."""
        self.bench.changes = {**self.bench.changes, section: values}

    @property
    def links(self) -> Links:
        return Links(self.bench.redis, namespace=self.bench.namespace)

    def account(self, name: str = "Harbor Lights", *, type_: str | None = "Customer", **fields: Any) -> int:
        """Another user of BSS makes an account with a billing address; `address=None` leaves it out."""
        address = fields.pop("address", ADDRESS)
        given = {"currencyCode": "USD", **fields}
        if address is not None:
            given["address"] = address
        kind = _TYPE_IDS[type_] if type_ else None
        number: int = self.bss.add("accounts", name=name, typeId=kind, **given)["id"]
        return number

    def person(self, account: int, first: str = "Ada", last: str | None = "Byron", **fields: Any) -> int:
        """Another user of BSS makes a contact."""
        number: int = self.bss.add("contacts", accountId=account, firstName=first, lastName=last, **fields)[
            "id"
        ]
        return number

    def company(self, name: str = "Harbor Lights", identifier: str = "HARBOR", **fields: Any) -> int:
        """Another member of ConnectWise makes a company."""
        return self.bench.box.connectwise_user.add(
            COMPANIES, {"identifier": identifier, "name": name, "site": {"name": "Main"}, **fields}
        )

    def contact(self, company: int, first: str = "Ada", last: str = "Byron", **items: str) -> int:
        """Another member makes a contact; `items` are values by the name of their communication type."""
        return self.bench.box.connectwise_user.add(
            CONTACTS,
            {
                "firstName": first,
                "lastName": last,
                "company": {"id": company},
                "communicationItems": [
                    {"type": {"id": self.item_type(name)}, "value": value} for name, value in items.items()
                ],
            },
        )

    def item_type(self, description: str) -> int:
        return self._id("company/communicationTypes", "description", description)

    def company_type(self, name: str) -> int:
        return self._id("company/companies/types", "name", name)

    def _id(self, table: str, field: str, value: str) -> int:
        number: int = next(row["id"] for row in self.connectwise.table(table) if row[field] == value)
        return number

    def edit_account(self, number: int, **fields: Any) -> None:
        self.bss.edit("accounts", number, **fields)

    def edit_person(self, number: int, **fields: Any) -> None:
        self.bss.edit("contacts", number, **fields)

    def edit_company(self, number: int, **fields: Any) -> None:
        self.bench.box.connectwise_user.edit(COMPANIES, number, fields)

    def edit_contact(self, number: int, **fields: Any) -> None:
        self.bench.box.connectwise_user.edit(CONTACTS, number, fields)

    def add_type(self, company: int, name: str) -> int:
        kind = {"id": self.company_type(name)}
        number: int = self.bench.box.connectwise_user.add(TYPES, {"type": kind, "company": {"id": company}})
        return number

    def in_bss(self, number: int) -> Row:
        """The account as stored, with the fields of its billing address beside its own."""
        row = self.bss.rows("accounts")[number]
        billing: Row = next((address for address in row["addresses"] if address["isBilling"]), {})
        return {**billing, **row}

    def person_in_bss(self, number: int) -> Row:
        return self.bss.rows("contacts")[number]

    def in_connectwise(self, number: int) -> Row:
        row: Row | None = self.connectwise.table(COMPANIES).get(number)
        assert row is not None
        return row

    def items_of(self, contact: int) -> dict[str, str]:
        """The values of a contact's communication items by the name of their type."""
        row = self.contact_row(contact)
        names = {
            kind["id"]: kind["description"] for kind in self.connectwise.table("company/communicationTypes")
        }
        return {names[item["type"]["id"]]: item["value"] for item in row["communicationItems"]}

    def contact_row(self, number: int) -> Row:
        row: Row | None = self.connectwise.table(CONTACTS).get(number)
        assert row is not None
        return row

    def types_of(self, company: int) -> set[str]:
        names = {kind["id"]: kind["name"] for kind in self.connectwise.table("company/companies/types")}
        return {names[kind["id"]] for kind in self.in_connectwise(company).get("types") or ()}

    def companies(self) -> list[Row]:
        """Those outside the recycle bin."""
        return [row for row in self.connectwise.table(COMPANIES) if not row.get("deletedFlag")]

    async def company_of(self, account: int) -> Row:
        """The company that an account is linked to."""
        link = await self.links.get("company", f"bss:account:{account}")
        assert link is not None, f"account {account} is not linked"
        return self.in_connectwise(link.target)

    async def contact_of(self, person: int) -> Row:
        link = await self.links.get("contact", f"bss:contact:{person}")
        assert link is not None, f"contact {person} is not linked"
        return self.contact_row(link.target)

    async def settle(self, *keys: str) -> None:
        """Run the keys until nothing is due; everything must settle."""
        await self.bench.settled(*keys)

    async def failure(self, key: str) -> str:
        """Run one key that must end in a failure; its cause, detail and remedy as one text."""
        await self.bench.sync(key)
        job = await self.bench.job(key)
        assert job is not None, f"{key} settled"
        assert job.failure is not None
        return f"{job.failure.cause} ({job.failure.detail}) -> {job.failure.remedy}"

    async def last(self, key: str) -> Event:
        """The newest event of a key."""
        return (await self.bench.history(key))[0]

    def written(self) -> list[str]:
        """The changes that both systems have accepted, in their order."""
        writes = [(one.time, f"BSS {one.method} {one.collection}/{one.id}") for one in self.bss.writes]
        writes += [(one.time, f"ConnectWise {one.method} {one.path}") for one in self.connectwise.writes]
        return [told for _, told in sorted(writes)]

    async def assert_quiet(self, *keys: str) -> None:
        """Two more runs write nothing on either side."""
        before = len(self.written())
        for _ in range(2):
            await self.settle(*keys)
        assert self.written()[before:] == []

    async def wipe(self) -> None:
        """Redis loses everything."""
        names = [name async for name in self.bench.redis.scan_iter(match=f"{self.bench.namespace}:*")]
        if names:
            await self.bench.redis.delete(*names)
