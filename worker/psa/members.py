"""The primary sales rep: a ConnectWise member, only ever matched, never created."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.text import folded
from worker.opportunity.desired import DesiredRep

_CACHE_TTL_SECONDS = 600.0


class Members:
    """Finds the member who owns a project; members hardly ever change, so they are remembered for some minutes."""

    def __init__(self, client: connectwise.ConnectWiseClient, *, default: str | None) -> None:
        self._members = CachedValue(client.members.find, ttl=_CACHE_TTL_SECONDS)
        self._default_rep = default

    def forget(self) -> None:
        """Ask for the members anew next time."""
        self._members.forget()

    async def find(self, desired: DesiredRep) -> models.Member:
        """By e-mail, then by full name, else the configured default."""
        members = [
            member for member in map(unclear.left_out, await self._members.get()) if not member.inactiveFlag
        ]
        by_email = [
            member for member in members if desired.email and folded(desired.email) in _emails(member)
        ]
        by_name = [
            member
            for member in members
            if desired.full_name and _full_name(member) == folded(desired.full_name)
        ]
        for found in (by_email, by_name):
            if len(found) == 1:
                return found[0]
        return self._default(members, desired)

    def _default(self, members: list[models.Member], desired: DesiredRep) -> models.Member:
        if self._default_rep is None:
            raise errors.MappingRefused(
                f"No ConnectWise member fits the project owner {desired.full_name or '(none)'!r}",
                detail=desired.email,
                remedy="Give the member that e-mail address, or set connectwise.default_sales_rep; then requeue.",
            )
        for member in members:
            if folded(self._default_rep) in {folded(member.identifier), _full_name(member)}:
                return member
        raise errors.MappingRefused(
            f"connectwise.default_sales_rep names {self._default_rep!r}, and no active member is called so",
            remedy="Name an active member's identifier (Member ID) in the setting, then requeue.",
        )


def rule(rep: models.Member, desired: DesiredRep) -> str:
    """By which rule `rep` was chosen, for a person."""
    if desired.email and folded(desired.email) in _emails(rep):
        return "by e-mail"
    return "by name" if _full_name(rep) == folded(desired.full_name) else "the default"


def _emails(member: models.Member) -> set[str]:
    known = (member.primaryEmail, member.officeEmail, member.mobileEmail, member.homeEmail)
    return {folded(email) for email in known if email}


def _full_name(member: models.Member) -> str:
    return folded(f"{member.firstName or ''} {member.lastName or ''}")
