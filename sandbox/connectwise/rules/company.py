"""Rules of companies, their sites and their types."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.table import Row

SITES = "company/companies/sites"
TYPES = "company/companyTypeAssociations"
CONTACTS = "company/contacts"
ADDRESS = ("addressLine1", "addressLine2", "city", "zip", "country", "phoneNumber")
ADDRESS_LINES = ("addressLine1", "addressLine2", "city", "state", "zip")
SINGLE_FLAGS = ("primaryAddressFlag", "defaultShippingFlag", "defaultBillingFlag", "defaultMailingFlag")
LONGEST_ACCOUNT = 41
OLDER_COMPANY = {"identifier": 30, "name": 50}
OLDER_SITE = {"name": 50}
OWN = {
    "site": SITES,
    "billingSite": SITES,
    "defaultContact": "company/contacts",
    "billingContact": "company/contacts",
}
"""References that have to stay within the company."""


class _Lengths(Rules):
    """Rules of a noun whose names were shorter in older versions of the server."""

    def _too_long(self, row: Row, lengths: dict[str, int]) -> Iterator[Problem]:
        if self.store.modes.older_lengths:
            for name, length in lengths.items():
                yield from _longer(row, name, length)


class CompanyRules(_Lengths):
    recycled = True

    def adopt(self, body: Row) -> Row:
        return {name: value for name, value in body.items() if name != "site"}

    def fill(self, row: Row, body: Row) -> None:
        del body
        set_missing(
            row,
            status=self.default("company/companies/statuses"),
            territory=self.default("system/locations"),
            currency=self.default("finance/currencies"),
            dateAcquired=self.store.now(),
        )

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        site = body.get("site")
        if old is None and not (isinstance(site, dict) and site.get("name")):
            yield Problem("MissingRequiredField", "Company Site name is required.", "site")
        if old is None and self.store.modes.address_required and not any(row.get(n) for n in ADDRESS_LINES):
            yield Problem("MissingRequiredField", "At least one address field is required.", "addressLine1")
        yield from self._too_long(row, OLDER_COMPANY)
        yield from _longer(row, "accountNumber", LONGEST_ACCOUNT)
        for year in ("yearEstablished", "revenueYear"):
            if row.get(year) is not None and not 1900 <= row[year] <= 9999:
                yield Problem("OutOfRange", f"{year} must be between 1900 and 9999.", year)
        if row.get("parentCompany") == {"id": row["id"]}:
            yield Problem("InvalidField", "A company cannot be its own parent.", "parentCompany")
        for field, table in OWN.items():
            referred = self.row(table, row.get(field))
            if referred is not None and referred.get("company", {}).get("id") != row["id"]:
                yield Problem("InvalidField", f"The {field} does not belong to the company.", field)

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        if old is not None:
            self._tell_contacts(row, old)
            return
        address = {name: row[name] for name in ADDRESS if row.get(name) is not None}
        flags = dict.fromkeys(SINGLE_FLAGS, True)
        site = self.store.add(SITES, name=body["site"]["name"], company={"id": row["id"]}, **address, **flags)
        for kind in row.get("types") or ():
            self.store.add(TYPES, type=kind, company={"id": row["id"]})
        self.store.put("company/companies", row | {"site": {"id": site["id"]}})

    def remove(self, row: Row) -> None:
        """Move the company to the recycle bin, where lists still find it."""
        now = self.store.now()
        gone = {"deletedFlag": True, "dateDeleted": now, "deletedBy": self.member}
        info = row["_info"] | {"lastUpdated": now, "updatedBy": self.member}
        self.store.put("company/companies", row | gone | {"_info": info})

    def _tell_contacts(self, row: Row, old: Row) -> None:
        """Give the flag of the default contact to the one that the company now names."""
        chosen = row.get("defaultContact")
        if chosen == old.get("defaultContact"):
            return
        for contact in self.store.table(CONTACTS).find("company/id", row["id"]):
            if contact["defaultFlag"] != (chosen == {"id": contact["id"]}):
                self.store.put(CONTACTS, contact | {"defaultFlag": not contact["defaultFlag"]})


class SiteRules(_Lengths):
    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del old, body
        yield from self._too_long(row, OLDER_SITE)

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del old, body
        claimed = [flag for flag in SINGLE_FLAGS if row.get(flag)]
        for other in self.store.table(SITES).find("company/id", row["company"]["id"]) if claimed else ():
            if other["id"] != row["id"]:
                self.store.put(SITES, other | dict.fromkeys(claimed, False))


class CompanyTypeRules(Rules):
    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del body
        for changed in (row, old):
            if changed is not None:
                self._retype(changed["company"]["id"])

    def removed(self, row: Row) -> None:
        self._retype(row["company"]["id"])

    def _retype(self, number: int) -> None:
        company = self.store.table("company/companies").get(number)
        if company is not None:
            types = [row["type"] for row in self.store.table(TYPES).find("company/id", number)]
            self.store.put("company/companies", self.touched(company) | {"types": types})


def _longer(row: Row, name: str, length: int) -> Iterator[Problem]:
    if len(row.get(name) or "") > length:
        text = f"The field {name} must be a string with a maximum length of {length}."
        yield Problem("InvalidFieldLength", text, name)
