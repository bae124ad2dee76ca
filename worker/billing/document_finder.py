"""Finds the record of an order or invoice by its code within the company, and tells the flow's own records from those of other users."""

from __future__ import annotations

from typing import Generic

from cwbridge import errors
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.text import one_line
from worker.billing.context import BillingContext
from worker.billing.document_kind import Desired, Kind, Source, Target
from worker.billing.document_lines import DocumentLines, line_key
from worker.billing.keys import BillingKey
from worker.psa.authorship import Authorship
from worker.psa.identities import relink_command
from worker.psa.product_lines import LineParent


class DocumentFinder(Generic[Source, Target]):
    """Looks records up; call it with the lock of company and code held."""

    def __init__(
        self,
        context: BillingContext,
        kind: Kind[Source, Target],
        lines: DocumentLines,
        authorship: Authorship,
    ) -> None:
        self._context = context
        self._kind = kind
        self._lines = lines
        self._authorship = authorship

    async def find(self, key: BillingKey, desired: Desired) -> Target | None:
        """The record, or None when there is none.

        Raises Refused when the code belongs to another document of BSS or to a record of another user, Ambiguous when several fit.
        """
        rows = [
            row
            for row in map(
                unclear.left_out,
                await self._kind.target.find(field(self._kind.external_id).equals(desired.code)),
            )
            if one_line(getattr(row, self._kind.external_id)) == desired.code
            and self._kind.company_of(row) == desired.company
        ]
        own = [row for row in rows if await self._is_own(key, desired, row)]
        if len(own) > 1:
            raise errors.Ambiguous(
                f"Several records of ConnectWise have the code of one {key.noun}",
                detail=f"{desired.code!r}: {self._listed(own)}",
                remedy=f"Choose one: {relink_command(key.identity)}",
            )
        if own:
            return own[0]
        if rows:
            raise errors.Refused(
                f"Another user of ConnectWise made an {key.record} with the code {desired.code!r}",
                detail=f"{key}: {self._listed(rows)}",
                remedy=f"Give that record another {self._kind.external_id} and requeue, or choose it: {relink_command(key.identity)}",
            )
        return None

    async def _is_own(self, key: BillingKey, desired: Desired, record: Target) -> bool:
        """Whether the record was made for the document: by our API member or with lines of its items.

        Raises Refused when it was made for another document of the same code.
        """
        other = await self._context.owner(key.kind, record.id)
        if other is not None and other != key:
            raise self._second(key, desired, f"{other}, which has {self._kind.shown(record)}")
        lines = await self._lines.own_keys(LineParent(self._kind.parent, record.id))
        if not lines.isdisjoint(line_key(charge.id) for charge in desired.charges):
            return True
        if lines:
            raise self._second(
                key, desired, f"another {key.noun}, whose items {self._kind.shown(record)} has"
            )
        being_made = await self._context.creates.of(key.identity) is not None
        return being_made or await self._authorship.is_own(record)

    def _second(self, key: BillingKey, desired: Desired, other: str) -> errors.Refused:
        return errors.Refused(
            f"Two {key.noun}s of BSS have the code {desired.code!r} in one company",
            detail=f"{key} and {other}",
            remedy=f"Give one of them another code in BSS; saving it starts the sync again. Or choose a record: {relink_command(key.identity)}",
        )

    def _listed(self, records: list[Target]) -> str:
        return ", ".join(self._kind.shown(record) for record in records)
