"""The clients of the store and their contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypedDict, Unpack

from sandbox.jetbuilt import problems
from sandbox.jetbuilt.modes import Modes
from sandbox.jetbuilt.shelf import Shelf
from sandbox.world.model import Address, Client, Contact
from sandbox.world.numbers import Numbers


class ClientChanges(TypedDict, total=False):
    """What may be set of a client."""

    user_id: int
    company_name: str
    website: str
    phone: str
    description: str
    delinquent: bool
    address: Address
    parent_id: int | None


class ContactChanges(TypedDict, total=False):
    """What may be set of a contact."""

    first_name: str
    last_name: str
    title: str
    email_address: str
    phone_number_1: str
    phone_number_2: str
    description: str
    primary: bool


class Clients:
    """Clients by id; every edit moves `updated_at` to the time of the clock."""

    def __init__(
        self, clients: tuple[Client, ...], *, numbers: Numbers, modes: Modes, now: Callable[[], datetime]
    ) -> None:
        self.shelf: Shelf[Client] = Shelf(clients)
        self._numbers = numbers
        self._modes = modes
        self._now = now

    def get(self, client_id: int) -> Client:
        """Return a client; raise Refusal 404 when there is none."""
        client = self.shelf.get(client_id)
        if client is None:
            raise problems.missing()
        return client

    def contact(self, client_id: int, contact_id: int) -> Contact:
        """Return a contact of a client; raise Refusal 404 when there is none."""
        for contact in self.get(client_id).contacts:
            if contact.id == contact_id:
                return contact
        raise problems.missing()

    def children(self, client_id: int) -> list[Client]:
        """Return the subclients of a client."""
        return [client for client in self.shelf if client.parent_id == client_id]

    def add(self, changes: ClientChanges) -> Client:
        """Store a new client; `user_id` and `company_name` must be there."""
        now = self._now()
        bare = Client(
            id=next(self._numbers.clients),
            user_id=changes["user_id"],
            company_name=changes["company_name"],
            website="",
            phone="",
            description="",
            delinquent=False,
            address=Address(country=""),
            external_ids=None,
            parent_id=None,
            contacts=(),
            created_at=now,
            updated_at=now,
        )
        client = replace(bare, **changes)
        self.shelf.put(client)
        return client

    def edit(self, client_id: int, **changes: Unpack[ClientChanges]) -> Client:
        """Change fields of a client."""
        client = replace(self.get(client_id), **changes, updated_at=self._now())
        self.shelf.put(client)
        return client

    def remove(self, client_id: int) -> None:
        """Delete a client; projects keep pointing at its id."""
        if self.shelf.remove(client_id) is None:
            raise problems.missing()

    def add_contact(self, client_id: int, changes: ContactChanges) -> Contact:
        """Store a new contact; `first_name` and `last_name` must be there."""
        now = self._now()
        bare = Contact(
            id=next(self._numbers.contacts),
            first_name=changes["first_name"],
            last_name=changes["last_name"],
            title="",
            email_address="",
            phone_number_1="",
            phone_number_2="",
            description="",
            primary=False,
            created_at=now,
            updated_at=now,
        )
        contact = replace(bare, **changes)
        client = self.get(client_id)
        self._keep(client, (*client.contacts, contact), contact)
        return contact

    def edit_contact(self, client_id: int, contact_id: int, **changes: Unpack[ContactChanges]) -> Contact:
        """Change fields of a contact."""
        changed = replace(self.contact(client_id, contact_id), **changes, updated_at=self._now())
        client = self.get(client_id)
        contacts = tuple(changed if known.id == contact_id else known for known in client.contacts)
        self._keep(client, contacts, changed)
        return changed

    def remove_contact(self, client_id: int, contact_id: int) -> None:
        """Delete a contact; projects keep pointing at its id."""
        gone = self.contact(client_id, contact_id)
        client = self.get(client_id)
        self._keep(client, tuple(known for known in client.contacts if known is not gone), None)

    def _keep(self, client: Client, contacts: tuple[Contact, ...], changed: Contact | None) -> None:
        """Store the contacts; there is one primary contact at most, the one set last."""
        if changed is not None and changed.primary:
            contacts = tuple(
                replace(known, primary=False) if known.primary and known.id != changed.id else known
                for known in contacts
            )
        touched = self._now() if self._modes.touch_client_on_contact_edit else client.updated_at
        self.shelf.put(replace(client, contacts=contacts, updated_at=touched))
