"""The fields that an account and its company share, in the form of either side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.bss.drafts import PatchOperation, replace
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.text import one_line
from worker.billing.merge import Field
from worker.billing.places import Places
from worker.billing.rules import BillingRules
from worker.billing.values import Value, Values, clipped, looked_up, shortened, text
from worker.psa.company_search import MAX_NAME
from worker.psa.setup_tables import SetupTables

MADE_CODE = "CW-"
"""Begins the code of an account that was made for a company without an account number; the company's identifier follows."""
MAX_ACCOUNT_NUMBER = 41
ADDRESS = ("address1", "address2", "city", "zip", "state")

FIELDS = (
    Field(name="name", required=True),
    Field(name="phone", is_phone=True),
    Field(name="fax", is_phone=True),
    Field(name="website"),
    Field(name="code"),
    Field(name="address1"),
    Field(name="address2"),
    Field(name="city"),
    Field(name="zip"),
    Field(name="country"),
    Field(name="state"),
    Field(name="currency", pulled=False),
    Field(name="parent", pulled=False),
    Field(name="bill_to", pulled=False),
    Field(name="default_contact", pulled=False),
)
_TEXTS = {
    "name": "name",
    "phone": "phoneNumber",
    "fax": "faxNumber",
    "website": "website",
    "code": "accountNumber",
    "address1": "addressLine1",
    "address2": "addressLine2",
    "city": "city",
    "zip": "zip",
    "state": "state",
}
_REFERENCES = {
    "country": "country",
    "currency": "currency",
    "parent": "parentCompany",
    "bill_to": "billToCompany",
    "default_contact": "defaultContact",
}
_PATHS = {
    "name": ("name",),
    "phone": ("phone",),
    "fax": ("fax",),
    "website": ("webSite",),
    "code": ("code",),
    "address1": ("address", "address1"),
    "address2": ("address", "address2"),
    "city": ("address", "city"),
    "zip": ("address", "postCode"),
    "country": ("address", "country"),
    "state": ("address", "state"),
}


class Relatives(msgspec.Struct, frozen=True, kw_only=True):
    """What an account refers to: ids of BSS, and of ConnectWise where the record is linked."""

    company: int | None = None
    """The account's own company."""
    parent: tuple[int, int] | None = None
    default_contact: tuple[int, int] | None = None


class AccountFields:
    """Reads the shared fields of both sides; names are looked up in the set-up tables and in the settings."""

    def __init__(self, tables: SetupTables, rules: BillingRules) -> None:
        self._tables = tables
        self._rules = rules
        self._places = Places(tables, rules.countries)

    async def of_account(self, account: bss.Account, relatives: Relatives) -> Values:
        """The fields of an account; those of references that are not linked are left out."""
        address = account.billing_address or bss.AccountAddress()
        values = {
            "name": shortened(account.name, MAX_NAME),
            "phone": clipped(account.phone, 30),
            "fax": clipped(account.fax, 30),
            "website": clipped(account.webSite, 255),
            "code": _code(account.code),
            "address1": clipped(address.address1, 50),
            "address2": clipped(address.address2, 50),
            "city": clipped(address.city, 50),
            "zip": clipped(address.postCode, 12),
            "country": await self._country(address),
            "state": await self._state(address),
            "currency": await looked_up(account.currency_code or "", self._currency(account.currency_code)),
        }
        if relatives.parent is not None or account.parentAccount is None:
            values["parent"] = _reference(relatives.parent)
        if relatives.company is not None:
            values["bill_to"] = Value("itself", str(relatives.company))
        if relatives.default_contact is not None:
            values["default_contact"] = _reference(relatives.default_contact)
        return values

    async def of_company(self, company: connectwise.Company) -> Values:
        """The fields of a company."""
        texts = {name: text(getattr(company, field)) for name, field in _TEXTS.items() if name != "state"}
        state = company.state or ""
        references = {name: getattr(company, field) for name, field in _REFERENCES.items()}
        return {
            **texts,
            "state": await looked_up(state, self._places.state_in_bss(state, company.country)),
            **{name: Value(_id(reference), None) for name, reference in references.items()},
            "country": Value(_id(company.country), self._places.country_in_bss(company.country)),
        }

    async def _country(self, address: bss.AccountAddress) -> Value:
        own = address.countryName or address.countryCode or ""
        return await looked_up(own, self._places.country_id(address.countryName, address.countryCode))

    async def _state(self, address: bss.AccountAddress) -> Value:
        own = address.stateName or address.stateCode or ""
        return await looked_up(own, self._state_code(own, address))

    async def _state_code(self, state: str, address: bss.AccountAddress) -> str | None:
        if not state:
            return ""
        country = await self._places.country_of(address.countryName, address.countryCode)
        return await self._places.state_code(state, country)

    async def _currency(self, code: str | None) -> str:
        name = self._rules.currencies.to_psa(code or "") or code or ""
        found = await self._tables.currency(name, setting="[billing.currencies]")
        return str(found["currency"]["id"]) if found else ""


def company_fields(values: Mapping[str, str]) -> dict[str, Any]:
    """Values as the fields of a draft; empty ones are left out."""
    return {
        **{field: values[name] for name, field in _TEXTS.items() if values.get(name)},
        **{field: {"id": int(values[name])} for name, field in _REFERENCES.items() if values.get(name)},
    }


def company_changes(values: Mapping[str, str]) -> list[Change]:
    """Values as changes of a company; an empty one empties its field."""
    fields = company_fields(values)
    names = _TEXTS | _REFERENCES
    return [
        Change("replace", f"/{names[name]}", fields[names[name]])
        if names[name] in fields
        else Change("remove", f"/{names[name]}")
        for name in values
    ]


def account_draft(values: Mapping[str, str]) -> dict[str, Any]:
    """Values as a new account; empty ones are left out."""
    draft: dict[str, Any] = {}
    for name, (*above, field) in _PATHS.items():
        if values.get(name):
            place = draft.setdefault(above[0], {}) if above else draft
            place[field] = values[name]
    return draft


def account_changes(values: Mapping[str, str]) -> list[PatchOperation]:
    """Values as operations on an account; an empty one empties its field."""
    return [replace("/" + "/".join(_PATHS[name]), value or None) for name, value in values.items()]


def has_address(account: bss.Account) -> bool:
    """Whether the billing address has any line."""
    address = account.billing_address
    return address is not None and any(
        one_line(line)
        for line in (
            address.address1,
            address.address2,
            address.city,
            address.postCode,
            address.stateName,
            address.stateCode,
        )
    )


def _code(code: str | None) -> Value:
    """A code that was made for a company does not go back to its account number."""
    if (code or "").startswith(MADE_CODE):
        return Value(code or "", "")
    return shortened(code, MAX_ACCOUNT_NUMBER)


def _reference(pair: tuple[int, int] | None) -> Value:
    return Value("", "") if pair is None else Value(str(pair[0]), str(pair[1]))


def _id(reference: connectwise.Reference | None) -> str:
    return "" if reference is None else str(reference.id)
