"""Whether a company whose identifier is the id of an account was made for that account."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.bss.client import Collection
from cwbridge.connectors.connectwise import client as connectwise_client
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.creates import Creates
from cwbridge.text import folded, shorten
from worker.billing.keys import account_key
from worker.psa.authorship import Authorship
from worker.psa.company_search import MAX_NAME


class Evidence:
    """Tells companies of accounts from those of other users that have the same number as their identifier."""

    def __init__(
        self,
        client: connectwise_client.ConnectWiseClient,
        accounts: Collection[bss.Account],
        creates: Creates,
        api_member: ApiMember,
    ) -> None:
        self._accounts = accounts
        self._creates = creates
        self._authorship = Authorship(client, api_member)

    async def made_for(self, account: bss.Account, company: connectwise.Company) -> bool:
        """By name or account number, by a create that got no answer, or because the API member made the company."""
        return (
            names_agree(account, company)
            or codes_agree(account, company)
            or await self._creates.of(account_key(account.id).identity) is not None
            or await self._authorship.is_own(company)
        )

    async def made_for_another(self, account: bss.Account, company: connectwise.Company) -> bool:
        """Whether the API member made the company for another account, which BSS still has: that one finds it by its id."""
        identifier = company.identifier
        if not (identifier.isascii() and identifier.isdecimal()) or int(identifier) == account.id:
            return False
        if not await self._authorship.is_own(company):
            return False
        try:
            await self._accounts.get(int(identifier))
        except errors.NotFound:
            return False
        return True


def names_agree(account: bss.Account, company: connectwise.Company) -> bool:
    """Whether both have one name, whole or as a create shortens it; case and blanks do not count."""
    name = account.name or ""
    return folded(company.name) in {folded(name), folded(shorten(name, MAX_NAME))} - {""}


def codes_agree(account: bss.Account, company: connectwise.Company) -> bool:
    """Whether the account's code is the company's account number."""
    return bool(folded(account.code)) and folded(account.code) == folded(company.accountNumber)
