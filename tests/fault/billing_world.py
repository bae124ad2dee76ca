"""A small BSS tenant: a few accounts that may become companies, with their contacts."""

from __future__ import annotations

import random
from dataclasses import replace

from sandbox.world import World
from sandbox.world.billing import Billing

ACCOUNT_TYPES = {"Customer": "Client", "Reseller": "Partner", "Prospect": "Prospect"}
"""The table of the settings: BSS account type -> ConnectWise company type."""
LONGEST_NAME = 50
_UNKNOWN_COUNTRIES = frozenset({"JP", "AE"})
"""The stand-in for ConnectWise does not know them, or by another name."""
_FEWEST_CLIENTS = 4


def with_accounts(world: World, seed: int, accounts: int) -> World:
    """The world with so many accounts, none of which shares its name with a client; first names of contacts are unique.

    Judges know a contact by its first name, which nobody edits.
    """
    clients = world.clients if world.projects else world.clients[:_FEWEST_CLIENTS]
    taken = {client.company_name.casefold() for client in world.clients}
    fitting = [
        account
        for account in world.billing.accounts
        if account.type in ACCOUNT_TYPES
        and account.code
        and len(account.name) <= LONGEST_NAME
        and account.name.casefold() not in taken
        and any(
            address.billing and address.country_code not in _UNKNOWN_COUNTRIES
            for address in account.addresses
        )
    ]
    chosen = random.Random(f"{seed}:accounts").sample(fitting, min(accounts, len(fitting)))
    ids = {account.id for account in chosen}
    people = [contact for contact in world.billing.contacts if contact.account_id in ids]
    billing = Billing(
        accounts=tuple(
            replace(account, parent_id=account.parent_id if account.parent_id in ids else None)
            for account in sorted(chosen, key=lambda account: account.id)
        ),
        contacts=tuple(
            replace(person, first_name=f"{person.first_name[:20]} {person.id}") for person in people
        ),
    )
    return replace(world, clients=clients, billing=billing)
