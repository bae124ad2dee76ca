"""Names accounts and contacts whose keys a new operator can sync first."""

from __future__ import annotations

from cwbridge import checks
from cwbridge.checks import Looker, Result
from cwbridge.connectors import unclear
from cwbridge.connectors.bss.system import BSS
from cwbridge.text import folded, one_line
from worker.billing.keys import BillingKey
from worker.billing.settings import BillingSettings

_EXAMPLES = 2


async def told(looker: Looker) -> list[Result]:
    """The keys of some accounts that need no other one first and whose type has a row, those with a contact before the others."""
    rows = {folded(name) for name in looker.settings.of(BillingSettings).account_types}
    client = await looker.client(BSS)
    accounts = {
        row.id: row
        for row in map(unclear.left_out, (await client.accounts.page(1)).rows)
        if row.type is not None and folded(row.type.name) in rows and row.parentAccount is None
    }
    contacts = {
        row.account.id: row
        for row in map(unclear.left_out, (await client.contacts.page(1)).rows)
        if row.account is not None and row.account.id in accounts
    }
    chosen = sorted(accounts.values(), key=lambda row: row.id not in contacts)[:_EXAMPLES]
    people = [contacts[row.id] for row in chosen if row.id in contacts]
    found = [
        *((BillingKey("bss", "account", row.id), row.name) for row in chosen),
        *((BillingKey("bss", "contact", row.id), row.firstName) for row in people),
    ]
    return [
        checks.first_keys(
            "first accounts",
            [(str(key), one_line(name)) for key, name in found],
            none="no account of the first page has a type in [billing.account_types]",
        )
    ]
