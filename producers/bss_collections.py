"""The collections of BSS that are polled, with what their records are called in keys and links."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class PolledCollection(msgspec.Struct, frozen=True):
    """A collection by its name in BSS, what one record of it is called in keys, and the kind of its links."""

    name: str
    noun: str
    link_kind: str

    def key(self, record_id: int | str) -> str:
        """`bss/account/42`."""
        return f"bss/{self.noun}/{record_id}"

    def record_id(self, identity: str) -> str | None:
        """The id in a link identity such as `bss:account:42`; None for identities of other sources and kinds."""
        head, _, record_id = identity.rpartition(":")
        return record_id if head == f"bss:{self.noun}" else None

    def keys_of(self, identities: Iterable[str]) -> list[str]:
        """The keys of those identities that name a record of this collection."""
        found = (self.record_id(identity) for identity in identities)
        return [self.key(record_id) for record_id in found if record_id is not None]


ACCOUNTS = PolledCollection("accounts", "account", "company")
CONTACTS = PolledCollection("contacts", "contact", "contact")
PRODUCTS = PolledCollection("products", "product", "catalog_item")
ORDERS = PolledCollection("orders", "order", "order")
INVOICES = PolledCollection("invoices", "invoice", "invoice")
PAYMENTS = PolledCollection("payments", "payment", "payment")
SUBSCRIPTIONS = PolledCollection("subscriptions", "subscription", "addition")
COLLECTIONS = (ACCOUNTS, CONTACTS, PRODUCTS, ORDERS, INVOICES, PAYMENTS, SUBSCRIPTIONS)
"""In the order in which they are polled: what others refer to comes first."""
_ALWAYS_POLLED = frozenset({ACCOUNTS, CONTACTS})


def polled_collections(pushed: frozenset[str]) -> list[PolledCollection]:
    """Accounts and contacts, which are synced both ways, and the collections whose records are pushed, by their nouns."""
    return [one for one in COLLECTIONS if one in _ALWAYS_POLLED or one.noun in pushed]
