"""Members of the tenant, such as a primary sales rep: only ever matched, never created."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.text import folded
from worker.psa.records import DesiredMember

_CACHE_TTL_SECONDS = 600.0


class Members:
    """Finds the member who is a person of the source; members hardly ever change, so they are cached for ten minutes."""

    def __init__(
        self, client: connectwise.ConnectWiseClient, *, noun: str, default: str | None, setting: str
    ) -> None:
        """`noun` is what the source calls the person; `setting` holds the `default` member, by identifier or full name."""
        self._members = CachedValue(client.members.find, ttl=_CACHE_TTL_SECONDS)
        self._noun = noun
        self._default = default
        self._setting = setting

    def forget(self) -> None:
        """Read the members again next time."""
        self._members.forget()

    async def named(self, name: str, *, setting: str) -> models.Member:
        """The active member of that identifier or full name, which `setting` gives; raises MappingRefused when there is none."""
        return _named(await self._active(), name, setting)

    async def find(self, desired: DesiredMember) -> models.Member:
        """By e-mail, then by full name, else the configured default; raises MappingRefused when there is none."""
        members = await self._active()
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
        return self._configured(members, desired)

    def _configured(self, members: list[models.Member], desired: DesiredMember) -> models.Member:
        if self._default is None:
            raise errors.MappingRefused(
                f"No ConnectWise member fits the {self._noun} {desired.full_name or '(none)'!r}",
                detail=desired.email,
                remedy=f"Give the member that e-mail address, or set {self._setting}; then requeue.",
            )
        return _named(members, self._default, self._setting)

    async def _active(self) -> list[models.Member]:
        return [
            member for member in map(unclear.left_out, await self._members.get()) if not member.inactiveFlag
        ]


def _named(members: list[models.Member], name: str, setting: str) -> models.Member:
    for member in members:
        if folded(name) in {folded(member.identifier), _full_name(member)}:
            return member
    raise errors.MappingRefused(
        f"{setting} names {name!r}, and no active member has that name",
        remedy=f"Name an active member's identifier (Member ID) in {setting}, then requeue.",
    )


def rule(member: models.Member, desired: DesiredMember) -> str:
    """By which rule `member` was chosen, for a person."""
    if desired.email and folded(desired.email) in _emails(member):
        return "by e-mail"
    return "by name" if _full_name(member) == folded(desired.full_name) else "the default"


def _emails(member: models.Member) -> set[str]:
    known = (member.primaryEmail, member.officeEmail, member.mobileEmail, member.homeEmail)
    return {folded(email) for email in known if email}


def _full_name(member: models.Member) -> str:
    return folded(f"{member.firstName or ''} {member.lastName or ''}")
