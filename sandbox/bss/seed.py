"""Fills the store from the world: account types, accounts, contacts, and the documents."""

from __future__ import annotations

from sandbox.bss import documents
from sandbox.bss.store import BssStore
from sandbox.world.billing import Account, AccountAddress, AccountContact
from sandbox.world.model import World
from sandbox.world.places import COUNTRIES, CURRENCIES, states

ACCOUNT_TYPES = ("Customer", "Reseller", "Prospect", "Distributor", "Internal", "Competitor")
TYPES = "organization/accounttypes"


def seed(store: BssStore, world: World) -> None:
    """Fill an empty store; the same world gives the same rows."""
    store.currencies = {code: name for code, (name, _) in CURRENCIES.items()}
    store.countries = {code: name for code, (name, _, _) in COUNTRIES.items()}
    store.states = {(country, name.casefold()): code for country, code, name in states()}
    for number, name in enumerate(ACCOUNT_TYPES, start=1):
        store.put(TYPES, {"id": number, "name": name})
    for account in world.billing.accounts:
        _add_account(store, account)
    for contact in world.billing.contacts:
        _add_contact(store, contact)
    documents.add_documents(store, world.billing)


def _add_account(store: BssStore, account: Account) -> None:
    store.put(
        "accounts",
        {
            "id": account.id,
            "name": account.name,
            "code": account.code,
            "phone": account.phone,
            "fax": account.fax,
            "webSite": account.website,
            "email": account.email,
            "typeId": ACCOUNT_TYPES.index(account.type) + 1 if account.type else None,
            "currencyCode": account.currency,
            "parentAccountId": account.parent_id,
            "integrationId": None,
            "addresses": [_address(address) for address in account.addresses],
            "isTaxable": account.taxable,
            "createdAt": account.created_at,
            "updatedAt": account.updated_at,
        },
    )


def _address(address: AccountAddress) -> dict[str, object]:
    return {
        "id": address.id,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "postCode": address.post_code,
        "stateCode": address.state_code,
        "stateName": address.state_name,
        "countryCode": address.country_code,
        "countryName": address.country_name,
        "isBilling": address.billing,
    }


def _add_contact(store: BssStore, contact: AccountContact) -> None:
    store.put(
        "contacts",
        {
            "id": contact.id,
            "firstName": contact.first_name,
            "lastName": contact.last_name,
            "jobTitle": contact.job_title,
            "email": contact.email,
            "phone": contact.phone,
            "mobilePhone": contact.mobile_phone,
            "fax": contact.fax,
            "isPrimary": contact.primary,
            "accountId": contact.account_id,
            "createdAt": contact.created_at,
            "updatedAt": contact.updated_at,
        },
    )
