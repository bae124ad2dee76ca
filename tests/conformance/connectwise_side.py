"""What ConnectWise holds in a case, and what people do to it between two runs."""

from __future__ import annotations

from decimal import Decimal

from sandbox.connectwise.store import ConnectWiseStore
from tests.conformance import text_table
from tests.conformance.case import Tenant
from tests.conformance.jetbuilt_side import FAMILY
from tests.conformance.text_table import Row
from tests.support.books import Row as Record

EXTERNAL_ID = f"jetbuilt:{FAMILY}"
SET_UP: dict[str, tuple[str, str]] = {
    "opportunity type": ("sales/opportunities/types", "description"),
    "opportunity status": ("sales/opportunities/statuses", "name"),
    "stage": ("sales/stages", "name"),
    "category": ("procurement/categories", "name"),
    "sub-category": ("procurement/subcategories", "name"),
    "product type": ("procurement/types", "name"),
    "manufacturer": ("procurement/manufacturers", "name"),
    "unit of measure": ("procurement/unitOfMeasures", "name"),
    "country": ("company/countries", "name"),
    "currency": ("finance/currencies", "name"),
    "custom field": ("system/userDefinedFields", "caption"),
}
"""Set-up tables by the words people use, with the field that holds the name."""
_STANDING = {"ordered", "picked", "shipped", "invoiced"}
_SIGNS: dict[str, Record] = {
    "ordered": {"purchaseDate": "2026-02-01T00:00:00Z"},
    "picked": {"serialNumbers": ["SN-1"]},
    "invoiced": {"invoice": {"id": 9}},
    "on a sales order": {"salesOrder": {"id": 9}},
    "cancelled": {"cancelledFlag": True},
}


class ConnectWiseSide:
    """Puts rows into the tables of the stand-in, the way people and other programs do."""

    def __init__(self, store: ConnectWiseStore) -> None:
        self._store = store

    def change(self, told: Tenant) -> None:
        """Do everything that the case tells of ConnectWise."""
        for row in text_table.read(told.set_up):
            self._set_up(row)
        for row in text_table.read(told.members):
            self._member(row)
        for row in text_table.read(told.companies):
            self._merge(row) if row.get("merged into") else self._company(row)
        for row in text_table.read(told.sites):
            self._site(row)
        for row in text_table.read(told.contacts):
            self._contact(row)
        self.catalog_items(told.catalog)
        for row in text_table.read(told.opportunities):
            self._opportunity(row)
        self._touch(told)
        for name, value in told.modes.items():
            assert hasattr(self._store.modes, name), name
            setattr(self._store.modes, name, value)
        self._store.modes.tenant_required += [tuple(entry.split()) for entry in told.required]  # type: ignore[misc]

    def catalog_items(self, told: str) -> None:
        """Another user creates catalog items."""
        for row in text_table.read(told):
            self._catalog_item(row)

    def _touch(self, told: Tenant) -> None:
        """What is done to our own opportunity and its lines."""
        for row in text_table.read(told.lines):
            self._edit_line(row)
        for row in text_table.read(told.lines_by_hand):
            self._line_by_hand(row)
        for identifier in told.catalog_deleted:
            for item in self._store.table("procurement/catalog").find("identifier", identifier):
                self._store.remove("procurement/catalog", item["id"])
        for line in told.lines_removed:
            self._store.remove("procurement/products", self._line(line)["id"])
        if told.opportunity:
            changes = {name: self._value(name, value) for name, value in told.opportunity.items()}
            self._store.put("sales/opportunities", self._ours() | changes)
        if told.opportunity_deleted:
            ours = self._ours()["id"]
            for line_item in self._store.table("procurement/products").find("opportunity/id", ours):
                self._store.remove("procurement/products", line_item["id"])
            self._store.remove("sales/opportunities", ours)
        if told.converted:
            self._store.convert(self._ours()["id"])

    def _set_up(self, row: Row) -> None:
        table, name = SET_UP[row["table"]]
        fields = {name: row["name"]}
        if row.get("inactive") == "yes":
            fields["inactiveFlag"] = True  # type: ignore[assignment]
        if row.get("category"):
            fields["category"] = {"id": self._named("category", row["category"])["id"]}  # type: ignore[assignment]
        if row["table"] == "opportunity status" and row.get("closed") == "yes":
            fields["closedFlag"] = True  # type: ignore[assignment]
        if row["table"] == "custom field":
            more = {"podId": 1, "fieldTypeIdentifier": "Text", "entryTypeIdentifier": "EntryField"}
            fields |= {**more, "requiredFlag": row.get("required") == "yes"}  # type: ignore[dict-item]
        known = self._find(table, name, row["name"])
        if known is not None and row["table"] != "sub-category":
            self._store.put(table, known | fields)
        else:
            self._store.add(table, **fields)

    def _member(self, row: Row) -> None:
        known = self._find("system/members", "identifier", row["member"])
        if known is not None:
            changes = {"inactiveFlag": row.get("inactive") == "yes"}
            if "email" in row:
                changes |= {"officeEmail": row["email"], "primaryEmail": row["email"]}  # type: ignore[dict-item]
            self._store.put("system/members", known | changes)
            return
        first, _, last = row["name"].rpartition(" ")
        self._store.add(
            "system/members",
            identifier=row["member"],
            firstName=first,
            lastName=last,
            fullName=row["name"],
            licenseClass="F",
            officeEmail=row.get("email") or None,
            inactiveFlag=row.get("inactive") == "yes",
        )

    def _merge(self, row: Row) -> None:
        """What a merge leaves: contacts, sites and opportunities at the company that stays, the other in the bin."""
        gone, stays = self._company_of({"of": row["company"]}), self._company_of({"of": row["merged into"]})
        for table in ("company/contacts", "sales/opportunities"):
            for moved in list(self._store.table(table).find("company/id", gone["id"])):
                self._store.put(table, moved | {"company": {"id": stays["id"]}})
        self._store.put("company/companies", gone | {"deletedFlag": True})

    def _company(self, row: Row) -> None:
        known = self._find("company/companies", "identifier", row["identifier"])
        if known is not None:
            gone = {"deletedFlag": row.get("deleted") == "yes"}
            self._store.put("company/companies", known | {"name": row["company"]} | gone)
            return
        company = self._store.add(
            "company/companies",
            identifier=row["identifier"],
            name=row["company"],
            deletedFlag=row.get("deleted") == "yes",
        )
        site = self._store.add("company/companies/sites", name="Main", company={"id": company["id"]})
        self._store.put("company/companies", company | {"site": {"id": site["id"]}})

    def _site(self, row: Row) -> None:
        company = self._company_of(row)
        self._store.add(
            "company/companies/sites",
            name=row["site"],
            company={"id": company["id"]},
            inactiveFlag=row.get("inactive") == "yes",
        )

    def _contact(self, row: Row) -> None:
        first, _, last = row["contact"].rpartition(" ")
        changes = {"inactiveFlag": row.get("inactive") == "yes"}
        known = [
            found
            for found in self._store.table("company/contacts")
            if f"{found['firstName']} {found.get('lastName', '')}".strip() == row["contact"]
        ]
        if known and "inactive" in row:
            self._store.put("company/contacts", known[-1] | changes)
            return
        ways = []
        if row.get("email"):
            kind = next(iter(self._store.table("company/communicationTypes")))
            ways = [
                {"id": 9000, "type": {"id": kind["id"]}, "value": row["email"], "communicationType": "Email"}
            ]
        contact = self._store.add(
            "company/contacts",
            firstName=first or last,
            lastName=last if first else None,
            company={"id": self._company_of(row)["id"]},
            communicationItems=ways,
            **changes,
        )
        if row.get("default") == "yes":
            company = self._company_of(row) | {"defaultContact": {"id": contact["id"]}}
            self._store.put("company/companies", company)

    def _catalog_item(self, row: Row) -> None:
        wanted = row.get("manufacturer", "")
        candidates = [
            item
            for item in self._store.table("procurement/catalog").find("identifier", row["identifier"])
            if "new" not in row or row["new"] != "yes"
        ]
        if candidates:
            changes = {"inactiveFlag": row.get("inactive") == "yes"}
            maker = {"manufacturer": self._maker(wanted)} if wanted else {}
            self._store.put("procurement/catalog", candidates[0] | changes | maker)
            return
        place = self._subcategory(row.get("sub-category", ""))
        self._store.add(
            "procurement/catalog",
            identifier=row["identifier"],
            description=row.get("description") or row["identifier"][:60],
            customerDescription=row.get("description") or row["identifier"],
            price=Decimal(row.get("price") or 0),
            cost=Decimal(row.get("cost") or 0),
            subcategory={"id": place["id"]},
            category=place["category"],
            type={"id": next(iter(self._store.table("procurement/types")))["id"]},
            productClass=row.get("class") or "NonInventory",
            manufacturer=self._maker(wanted) if wanted else None,
            inactiveFlag=row.get("inactive") == "yes",
        )

    def _opportunity(self, row: Row) -> None:
        self._store.add("sales/opportunities", name=row["name"], source=row.get("source") or None)

    def _edit_line(self, row: Row) -> None:
        line = self._line(row["line"])
        amounts = {name: Decimal(row[name]) for name in ("quantity", "price", "cost") if row.get(name)}
        sign = row.get("shows", "")
        self._store.put("procurement/products", line | amounts | _SIGNS.get(sign, {}))
        if row.get("is"):
            assert row["is"] in _STANDING, row["is"]
            self._store.mark_product(line["id"], row["is"])

    def _line_by_hand(self, row: Row) -> None:
        item = next(iter(self._store.table("procurement/catalog")))
        self._store.add(
            "procurement/products",
            catalogItem={"id": item["id"]},
            opportunity={"id": self._ours()["id"]},
            description=row["description"],
            customerDescription=row["description"],
            quantity=Decimal(row["quantity"]),
            price=Decimal(row["price"]),
            cost=Decimal(0),
            billableOption="Billable",
            sequenceNumber=Decimal(99),
        )

    def _ours(self) -> Record:
        (ours,) = self._store.table("sales/opportunities").find("source", EXTERNAL_ID)
        return ours

    def _line(self, name: str) -> Record:
        key = name.replace(" ", ":")
        rows = self._store.table("procurement/products").find("opportunity/id", self._ours()["id"])
        return next(row for row in rows if str(row.get("integrationXRef", "")).split("@")[0] == key)

    def _value(self, name: str, told: object) -> object:
        tables = {"status": "opportunity status", "stage": "stage", "type": "opportunity type"}
        if name in tables:
            return {"id": self._named(tables[name], str(told))["id"]}
        return told

    def _named(self, words: str, name: str) -> Record:
        table, held = SET_UP[words]
        found = self._find(table, held, name)
        assert found is not None, f"there is no {words} {name!r}"
        return found

    def _find(self, table: str, field: str, value: str) -> Record | None:
        return next((row for row in self._store.table(table) if row.get(field) == value), None)

    def _company_of(self, row: Row) -> Record:
        found = self._find("company/companies", "identifier", row["of"])
        return found or next(c for c in self._store.table("company/companies") if c["name"] == row["of"])

    def _maker(self, name: str) -> Record:
        known = self._find("procurement/manufacturers", "name", name)
        return {"id": (known or self._store.add("procurement/manufacturers", name=name))["id"]}

    def _subcategory(self, name: str) -> Record:
        rows = list(self._store.table("procurement/subcategories"))
        return next((row for row in rows if row["name"] == name), rows[0])
