"""Contacts: found by e-mail or name within their company, else created."""

from __future__ import annotations

from typing import Any

import structlog

from cwbridge import errors
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear, write_guard
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.links import Link
from cwbridge.text import clip, folded
from worker.psa.context import PsaContext
from worker.psa.default_fields import naming_default_field
from worker.psa.identities import relink_command, within
from worker.psa.records import DesiredContact

log = structlog.get_logger(__name__)
_CACHE_TTL_SECONDS = 600.0


class Contacts:
    """Finds or creates contacts within a company."""

    def __init__(self, psa: PsaContext, *, allow_duplicates: bool, setting: str) -> None:
        """`setting` is the name of the one that `allow_duplicates` comes from."""
        self._psa = psa
        self._contacts = psa.client.contacts
        self._allow_duplicates = allow_duplicates
        self._duplicates_setting = setting
        self._kinds = CachedValue(psa.client.communication_types.find, ttl=_CACHE_TTL_SECONDS)

    async def forget(self, company: int, desired: DesiredContact) -> None:
        """Look up the contact again next time."""
        await self._psa.links.remove("contact", within(desired.identity, company))

    async def ensure(self, company: int, desired: DesiredContact) -> Link:
        """By link, then by e-mail or name within the company; else created. Raises Ambiguous when several fit."""
        identity = within(desired.identity, company)
        link = await self._psa.links.get("contact", identity)
        if link is not None:
            return link
        async with self._psa.locks.hold(f"contact:{company}:{folded(desired.email or desired.first_name)}"):
            link = await self._match_or_create(company, desired)
        await self._psa.links.put("contact", identity, link)
        return link

    async def _match_or_create(self, company: int, desired: DesiredContact) -> Link:
        found = await self._find(company, desired)
        if found is not None:
            return Link(target=found.id, how="email" if desired.email else "name")
        default = await self._default_of(company, desired)
        if default is not None:
            return Link(target=default, how="default")
        return Link(target=(await self._create(company, desired)).id, how="created")

    async def _default_of(self, company: int, desired: DesiredContact) -> int | None:
        """The default contact of the company, for a source without a contact."""
        if not desired.stand_in:
            return None
        default = (await self._psa.client.companies.get(company)).defaultContact
        return default.id if default is not None else None

    async def _find(self, company: int, desired: DesiredContact) -> models.Contact | None:
        """By e-mail within the company, else by name; the company is compared here, because servers do not evaluate compound conditions reliably."""
        if desired.email:
            rows = await self._contacts.find(child=field("communicationItems/value").equals(desired.email))
            same = [row for row in rows if row.company is not None and row.company.id == company]
        else:
            rows = await self._contacts.find(field("company/id").equals(company))
            name = (folded(desired.first_name), folded(desired.last_name))
            same = [row for row in rows if (folded(row.firstName), folded(row.lastName)) == name]
        active = [row for row in same if not row.inactiveFlag]
        if len(active) > 1:
            raise errors.Ambiguous(
                f"ConnectWise has {len(active)} contacts that fit {desired.email or desired.first_name!r}",
                detail=", ".join(f"{row.firstName} {row.lastName} (id {row.id})" for row in active),
                remedy="Merge or inactivate all but one of them in ConnectWise and requeue, or choose one: "
                f"{relink_command(within(desired.identity, company))}",
            )
        return active[0] if active else None

    async def _create(self, company: int, desired: DesiredContact) -> models.Contact:
        draft: dict[str, Any] = {
            **await self._psa.default_fields.of("contact"),
            "firstName": clip(desired.first_name, 30),
            "company": {"id": company},
            "communicationItems": await self._communication(desired),
        }
        if desired.last_name:
            draft["lastName"] = clip(desired.last_name, 30)
        if desired.title:
            draft["title"] = clip(desired.title, 100)
        await write_guard.confirm()
        try:
            return await self._send(draft)
        except (errors.OutcomeUnknown, errors.Duplicate) as error:
            found = await self._find(company, desired)
            if found is not None:
                return found
            if isinstance(error, errors.Duplicate):
                return await self._send_all_the_same(draft, error)
            raise

    async def _send(self, draft: dict[str, Any]) -> models.Contact:
        with naming_default_field("contact"):
            contact = await self._contacts.create(draft)
        self._psa.objects.count("contact", "created")
        log.info("contact_created", contact_id=contact.id)
        return contact

    async def _send_all_the_same(self, draft: dict[str, Any], refusal: errors.Duplicate) -> models.Contact:
        """Create a second record of a person whom ConnectWise has at another company, when the setting allows it."""
        if not self._allow_duplicates:
            refusal.remedy = (
                f"Move that contact to the company, or set {self._duplicates_setting}; then requeue."
            )
            raise refusal
        return await self._send({**draft, "ignoreDuplicates": True})

    async def _communication(self, desired: DesiredContact) -> list[dict[str, Any]]:
        """E-mail and phones under the tenant's own communication types; ids differ from tenant to tenant."""
        kinds = [unclear.left_out(kind) for kind in await self._kinds.get()]
        email = _default_kind(kinds, "emailFlag")
        phone = _default_kind(kinds, "phoneFlag")
        items: list[dict[str, Any]] = []
        if desired.email and email is not None:
            items.append(_communication_item(email.id, desired.email, "Email", default=True))
        if phone is not None:
            items += [
                _communication_item(phone.id, clip(number, 30), "Phone", default=place == 0)
                for place, number in enumerate(desired.phones[:1])
            ]
        return items


def _default_kind(kinds: list[models.CommunicationType], flag: str) -> models.CommunicationType | None:
    fitting = [kind for kind in kinds if getattr(kind, flag)]
    return next((kind for kind in fitting if kind.defaultFlag), fitting[0] if fitting else None)


def _communication_item(kind: int, value: str, of: str, *, default: bool) -> dict[str, Any]:
    return {"type": {"id": kind}, "value": value, "communicationType": of, "defaultFlag": default}
