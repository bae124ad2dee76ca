"""The type of an account and the types of its company: BSS stores one, ConnectWise any number, and none is ever taken away."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cwbridge import errors
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear
from cwbridge.connectors.bss import client as bss_client
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.agreements import Agreed
from cwbridge.text import folded
from worker.billing.merge import Policy
from worker.billing.name_map import NameMap
from worker.psa.context import PsaContext
from worker.psa.name_table import by_name

_TABLE = "[billing.account_types]"
_CACHE_TTL_SECONDS = 600.0


class TypeDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A type to `add` to the company, or the name of the type that the account gets; `lost` gives way, for the history."""

    add: int | None = None
    pull: str = ""
    lost: str = ""


class TypesSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The account's type, the company type that belongs to it, and the company's types in the order in which it got them.

    `mapped` are the account types that belong to company types, by the id of these.
    """

    account: str
    belonging: int | errors.Refused | None
    company: tuple[int, ...]
    mapped: dict[int, str]

    @property
    def agree(self) -> bool:
        """Whether the account's type is among the company's."""
        return bool(self.account) and self.belonging in self.company

    @property
    def agreed(self) -> Agreed:
        """Both sides as the values they agree on."""
        return Agreed(self.account, _joined(self.company))

    @property
    def first(self) -> str:
        """The account type of the first of the company's types that has one."""
        return next((self.mapped[number] for number in self.company if number in self.mapped), "")


def decide(seen: TypesSeen, agreed: Agreed | None, policy: Policy) -> TypeDecision:
    """Pure. Both sides agree as soon as the account's type is among the company's; raises the refusal of a type without a row."""
    if seen.agree:
        return TypeDecision()
    account_changed = folded(seen.account) != folded(agreed.source) if agreed else bool(seen.account)
    company_changed = _joined(seen.company) != agreed.target if agreed else bool(seen.first)
    pull = seen.first if company_changed and policy.pull else ""
    push = bool(seen.account) and account_changed and policy.push
    if push and (not pull or policy.master == "bss"):
        lost = f"type: ConnectWise had {pull!r}" if pull else ""
        return TypeDecision(add=_known(seen.belonging), lost=lost)
    if pull and folded(pull) != folded(seen.account):
        lost = f"type: BSS had {seen.account!r}" if push else ""
        return TypeDecision(pull=pull, lost=lost)
    return TypeDecision()


class AccountTypes:
    """Looks the types up by the names of the settings."""

    def __init__(self, psa: PsaContext, client: bss_client.BssClient, rows: NameMap) -> None:
        self._psa = psa
        self._rows = rows
        self._company_types = psa.name_tables.of("company type", psa.client.company_types, by_name)
        self._account_types = CachedValue(client.account_types, ttl=_CACHE_TTL_SECONDS)

    async def seen(self, account_type: str, company: connectwise.Company | None) -> TypesSeen:
        """Both sides as `decide` needs them."""
        return TypesSeen(
            account=account_type,
            belonging=await self._belonging(account_type),
            company=await self._in_order(company) if company is not None else (),
            mapped=await self._mapped(),
        )

    async def company_type(self, account_type: str) -> int:
        """The id of the company type that belongs to an account type; raises MappingRefused that names table and row."""
        name = self._rows.to_psa(account_type)
        if name is None:
            raise errors.MappingRefused(
                f"{_TABLE} has no row for the account type {account_type!r}",
                remedy=f'Add "{account_type}" = "NAME OF A COMPANY TYPE" to {_TABLE} of the settings, then restart and requeue.',
            )
        return (await self._company_types.need(name, setting=_TABLE)).id

    async def account_type(self, name: str) -> int:
        """The id of an account type of BSS; raises MappingRefused when there is none of that name."""
        for row in map(unclear.left_out, await self._account_types.get()):
            if folded(row.name) == folded(name):
                return row.id
        raise errors.MappingRefused(
            f"{_TABLE} names {name!r}, and BSS has no account type of that name",
            remedy=f"Correct the row in {_TABLE} of the settings, then restart and requeue.",
        )

    async def add(self, company: int, company_type: int) -> None:
        """Give the company one more type."""
        draft = {"type": {"id": company_type}, "company": {"id": company}}
        try:
            await self._psa.client.type_associations(company).create(draft)
        except errors.Duplicate:
            # Another user, or a run whose answer was lost, has added it.
            return

    async def _belonging(self, account_type: str) -> int | errors.Refused | None:
        if not account_type:
            return None
        try:
            return await self.company_type(account_type)
        except errors.Refused as refusal:
            return refusal

    async def _in_order(self, company: connectwise.Company) -> tuple[int, ...]:
        """The company's types, the one it got first before the others."""
        types = [kind.id for kind in company.types or ()]
        if len(types) < 2:
            return tuple(types)
        rows = await self._psa.client.type_associations(company.id).find()
        return tuple(row.type.id for row in sorted(rows, key=lambda row: row.id) if row.type is not None)

    async def _mapped(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for source, target in self._rows.rows.values():
            row = await self._company_types.find(target)
            if row is not None:
                found.setdefault(row.id, source)
        return found


def _joined(types: Sequence[int]) -> str:
    return ",".join(map(str, sorted(types)))


def _known(belonging: int | errors.Refused | None) -> int | None:
    if isinstance(belonging, errors.Refused):
        raise belonging
    return belonging
