"""Every collection of the stand-in: how it is asked for, what may be written, and where its shape comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

Row = dict[str, Any]
Kind = Literal["text", "number", "time", "flag"]
Written = Literal["text", "email", "type", "currency", "account", "country", "state"]

TIMES: Final[Mapping[str, Kind]] = {"updatedAt": "time"}


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """One collection of the API.

    `filters` and `orders` name the fields that `$filter` and `$orderby` accept, `model` the paths that a POST and a
    PATCH accept with the kind of their values; a collection without a model is read only.
    """

    name: str
    noun: str
    guids: bool = True
    filters: Mapping[str, Kind] = msgspec.field(default_factory=lambda: TIMES)
    orders: frozenset[str] = frozenset({"createdAt", "updatedAt"})
    model: Mapping[str, Written] = msgspec.field(default_factory=dict)
    required: tuple[str, ...] = ()
    detail: frozenset[str] = frozenset()
    """What rows of a brief list lack."""

    def branch(self, path: str) -> bool:
        """Tell whether paths of the model lie below this one."""
        return any(known.startswith(f"{path}/") for known in self.model)


ACCOUNT_MODEL: Final[Mapping[str, Written]] = {
    "name": "text",
    "code": "text",
    "phone": "text",
    "fax": "text",
    "webSite": "text",
    "typeId": "type",
    "currencyCode": "currency",
    "address/address1": "text",
    "address/address2": "text",
    "address/city": "text",
    "address/postCode": "text",
    "address/state": "state",
    "address/country": "country",
}
CONTACT_MODEL: Final[Mapping[str, Written]] = {
    "firstName": "text",
    "lastName": "text",
    "jobTitle": "text",
    "email": "email",
    "phone": "text",
    "mobilePhone": "text",
    "fax": "text",
    "accountId": "account",
}

COLLECTIONS: Final = {
    collection.name: collection
    for collection in (
        Collection(
            name="accounts",
            noun="account",
            guids=False,
            filters={"id": "number", "name": "text", "code": "text", **TIMES},
            orders=frozenset({"name", "code", "email", "createdAt", "updatedAt"}),
            model=ACCOUNT_MODEL,
            required=("name",),
            detail=frozenset({"addresses"}),
        ),
        Collection(
            name="contacts",
            noun="contact",
            guids=False,
            filters={"accountId": "number", "email": "text", **TIMES},
            model=CONTACT_MODEL,
            required=("accountId", "firstName"),
        ),
        Collection(name="products", noun="product"),
        Collection(name="orders", noun="order", detail=frozenset({"items"})),
        Collection(name="invoices", noun="invoice", detail=frozenset({"items"})),
        Collection(name="payments", noun="payment"),
        Collection(name="subscriptions", noun="subscription"),
        Collection(
            name="organization/accounttypes",
            noun="account type",
            guids=False,
            filters={},
            orders=frozenset({"name"}),
        ),
    )
}
