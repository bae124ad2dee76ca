"""The communication items of a contact: which type of the tenant holds the e-mail address, the phone, the mobile phone and the fax."""

from __future__ import annotations

from typing import Any

from cwbridge import errors
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import client as connectwise_client
from cwbridge.connectors.connectwise import models
from cwbridge.text import folded

ITEMS = ("email", "phone", "mobile", "fax")
MAX_VALUE = 250
_FLAGS = {"email": "emailFlag", "phone": "phoneFlag", "fax": "faxFlag"}
_CACHE_TTL_SECONDS = 600.0


class CommunicationTypes:
    """Finds the types by their flags, the mobile phone by its name in the settings."""

    def __init__(self, client: connectwise_client.ConnectWiseClient, mobile_type: str) -> None:
        self._mobile_type = mobile_type
        self._rows = CachedValue(client.communication_types.find, ttl=_CACHE_TTL_SECONDS)

    async def ids(self) -> dict[str, int]:
        """The type of each item that the tenant has one for; the default type of its kind before others."""
        rows = [unclear.left_out(row) for row in await self._rows.get()]
        mobile = next((row for row in rows if folded(row.description) == folded(self._mobile_type)), None)
        found = {} if mobile is None else {"mobile": mobile.id}
        for item, flag in _FLAGS.items():
            fitting = [row for row in rows if getattr(row, flag) and row is not mobile]
            chosen = next((row for row in fitting if row.defaultFlag), fitting[0] if fitting else None)
            if chosen is not None:
                found[item] = chosen.id
        return found

    def no_mobile_type(self) -> errors.MappingRefused:
        """The refusal of a mobile phone for which the tenant has no type."""
        return errors.MappingRefused(
            f"ConnectWise has no communication type {self._mobile_type!r}",
            remedy="Add it in ConnectWise, or name another in billing.mobile_type; then requeue.",
        )


def item_of(record: models.Contact, kind: int | None) -> models.CommunicationItem | None:
    """The item of a type that is synced: the default one, else the one with the lowest id."""
    items = [
        item for item in record.communicationItems or () if item.type is not None and item.type.id == kind
    ]
    return min(items, key=lambda item: (not item.defaultFlag, item.id), default=None)


def has_twin(record: models.Contact, kind: int, number: int) -> bool:
    """Whether the contact has another item of the type of this one."""
    items = record.communicationItems or ()
    return any(item.id != number and item.type is not None and item.type.id == kind for item in items)


def draft_of(kind: int, value: str) -> dict[str, Any]:
    """A new item; it is the default one of its type."""
    return {"type": {"id": kind}, "value": value, "defaultFlag": True}
