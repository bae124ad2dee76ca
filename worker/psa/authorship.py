"""Which records of ConnectWise the API member of the daemon has made."""

from __future__ import annotations

from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import client as connectwise_client
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.api_member import ApiMember

_CACHE_TTL_SECONDS = 600.0
_API_LICENSE = "A"


class Authorship:
    """Tells records that the API member made from those of other users."""

    def __init__(self, client: connectwise_client.ConnectWiseClient, api_member: ApiMember) -> None:
        self._api_member = api_member
        self._members = CachedValue(client.members.find, ttl=_CACHE_TTL_SECONDS)

    async def is_own(self, record: connectwise.Tracked) -> bool:
        """Whether the API member made the record; who changed it last says nothing where ConnectWise says who made it."""
        info = record.info or connectwise.Info()
        ours = await self._api_member.names() or await self._only_api_member()
        return (info.enteredBy or info.updatedBy) in ours

    async def _only_api_member(self) -> set[str]:
        """After a loss of Redis the name of the API member is not known; a tenant with one such member has no other."""
        members = [unclear.left_out(member) for member in await self._members.get()]
        names = {
            member.identifier
            for member in members
            if member.licenseClass == _API_LICENSE and not member.inactiveFlag
        }
        return names if len(names) == 1 else set()
