"""The fields that a contact of BSS and one of ConnectWise share, in the form of either side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.bss.drafts import PatchOperation, replace
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.ledger.links import Links
from worker.billing import communication, keys
from worker.billing.communication import ITEMS, MAX_VALUE, CommunicationTypes
from worker.billing.merge import Field
from worker.billing.values import Value, Values, clipped, text

FIELDS = (
    Field(name="first_name", required=True),
    Field(name="last_name"),
    Field(name="title"),
    Field(name="email"),
    Field(name="phone", is_phone=True),
    Field(name="mobile", is_phone=True),
    Field(name="fax", is_phone=True),
    Field(name="company", required=True),
)
_TEXTS = {"first_name": "firstName", "last_name": "lastName", "title": "title"}
_PATHS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "title": "jobTitle",
    "email": "email",
    "phone": "phone",
    "mobile": "mobilePhone",
    "fax": "fax",
    "company": "accountId",
}
_MAX_NAME = 30
_MAX_TITLE = 100


class ContactFields:
    """Reads the shared fields of both sides."""

    def __init__(self, types: CommunicationTypes, links: Links) -> None:
        self._types = types
        self._links = links

    async def of_bss(self, contact: bss.Contact, account: int, company: int) -> Values:
        """The fields of a contact of BSS, whose account is linked to `company`."""
        kinds = await self._types.ids()
        reach = {
            "email": contact.email,
            "phone": contact.phone,
            "mobile": contact.mobilePhone,
            "fax": contact.fax,
        }
        return {
            "first_name": clipped(contact.firstName, _MAX_NAME),
            "last_name": clipped(contact.lastName, _MAX_NAME),
            "title": clipped(contact.jobTitle, _MAX_TITLE),
            **{item: self._item(item, reach[item], kinds) for item in ITEMS},
            "company": Value(str(account), str(company)),
        }

    async def of_connectwise(self, record: connectwise.Contact) -> Values:
        """The fields of a contact of ConnectWise."""
        kinds = await self._types.ids()
        items = {item: communication.item_of(record, kinds.get(item)) for item in ITEMS}
        return {
            **{name: text(getattr(record, field)) for name, field in _TEXTS.items()},
            **{name: text(item.value if item is not None else None) for name, item in items.items()},
            "company": await self._company(record.company),
        }

    async def kinds(self) -> dict[str, int]:
        """The communication types by item."""
        return await self._types.ids()

    def _item(self, item: str, own: str | None, kinds: Mapping[str, int]) -> Value:
        if item in kinds or not own:
            return clipped(own, MAX_VALUE)
        return Value(own, self._types.no_mobile_type() if item == "mobile" else None)

    async def _company(self, company: connectwise.Reference | None) -> Value:
        if company is None:
            return Value("", "")
        linked = await self._links.of_targets("company", [company.id])
        known = [keys.of_identity(identity) for identity in linked.get(company.id, ())]
        account = next((str(key.number) for key in known if key is not None), None)
        return Value(str(company.id), account)


def contact_draft(values: Mapping[str, str], kinds: Mapping[str, int]) -> dict[str, Any]:
    """Values as a new contact of ConnectWise; empty ones are left out."""
    return {
        **{field: values[name] for name, field in _TEXTS.items() if values.get(name)},
        "company": {"id": int(values["company"])},
        "communicationItems": [
            communication.draft_of(kinds[item], values[item]) for item in ITEMS if values.get(item)
        ],
    }


def contact_changes(values: Mapping[str, str]) -> list[Change]:
    """Values as changes of the contact itself; its communication items are records of their own."""
    changes = [
        Change("replace", f"/{_TEXTS[name]}", value) if value else Change("remove", f"/{_TEXTS[name]}")
        for name, value in values.items()
        if name in _TEXTS
    ]
    if "company" in values:
        changes.append(Change("replace", "/company", {"id": int(values["company"])}))
    return changes


def bss_draft(values: Mapping[str, str]) -> dict[str, Any]:
    """Values as a new contact of BSS; empty ones are left out."""
    return {_PATHS[name]: _bss_value(name, value) for name, value in values.items() if value}


def bss_changes(values: Mapping[str, str]) -> list[PatchOperation]:
    """Values as operations on a contact of BSS; an empty one empties its field."""
    return [replace(f"/{_PATHS[name]}", _bss_value(name, value)) for name, value in values.items()]


def _bss_value(name: str, value: str) -> str | int | None:
    return int(value) if name == "company" else value or None
