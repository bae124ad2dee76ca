"""The accounts of a run that plays documents: each with a contact that is its primary one, which agreements are made with."""

from __future__ import annotations

from dataclasses import replace

from sandbox.world import World
from sandbox.world.billing import Account, AccountContact, Billing

_FIRST_ADDED = 900_001


def with_primary_contacts(world: World) -> World:
    """The world with a primary contact for each account."""
    billing = world.billing
    people: list[AccountContact] = []
    for number, account in enumerate(billing.accounts, start=_FIRST_ADDED):
        own = [person for person in billing.contacts if person.account_id == account.id]
        if any(person.primary for person in own):
            people += own
        elif own:
            people += [replace(own[0], primary=True), *own[1:]]
        else:
            people.append(_person(account, number))
    return replace(world, billing=Billing(accounts=billing.accounts, contacts=tuple(people)))


def _person(account: Account, number: int) -> AccountContact:
    return AccountContact(
        id=number,
        account_id=account.id,
        first_name=f"Ada {number}",
        last_name="Byron",
        job_title=None,
        email=f"ada{number}@people.example",
        phone=None,
        mobile_phone=None,
        fax=None,
        primary=True,
        created_at=account.created_at,
        updated_at=account.created_at,
    )
