"""The product items of a parent record as they are in ConnectWise, with what protects them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import structlog

from cwbridge import errors
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.ledger.accepted_amounts import AcceptedAmounts, Amounts
from worker.psa.line_plan import ActualLine

log = structlog.get_logger(__name__)
_FIELDS = (
    "id",
    "integrationXRef",
    "quantity",
    "price",
    "cost",
    "purchaseDate",
    "poApprovedFlag",
    "cancelledFlag",
    "invoice",
    "salesOrder",
    "serialNumbers",
)


class LineParent(msgspec.Struct, frozen=True):
    """The record that product items belong to; `field` is their reference to it."""

    field: Literal["opportunity", "salesOrder", "invoice"]
    id: int

    def __str__(self) -> str:
        return f"{self.field}:{self.id}"


class ProductLines:
    """Reads product items; `is_own` tells the external ids of the flow from all others."""

    def __init__(
        self,
        resource: Resource[models.ProductItem],
        accepted: AcceptedAmounts,
        *,
        is_own: Callable[[str], bool],
    ) -> None:
        self.resource = resource
        self.accepted = accepted
        self._is_own = is_own

    async def of(self, parent: LineParent, accepted: Mapping[int, Amounts] | None = None) -> list[ActualLine]:
        """All product items of `parent`; `accepted` are the amounts that ConnectWise made of the flow's own writes."""
        known = accepted or {}
        rows = await self.resource.find(field(f"{parent.field}/id").equals(parent.id), fields=_FIELDS)
        return [
            ActualLine(
                id=row.id,
                external_id=row.integrationXRef or "",
                own=self._is_own(row.integrationXRef or ""),
                locked=_protection(row, parent),
                quantity=row.quantity,
                price=row.price,
                cost=row.cost,
                accepted=known.get(row.id) == amounts_of(row),
            )
            for row in rows
        ]

    async def own_keys(self, parent: LineParent) -> frozenset[str]:
        """The keys of the lines of `parent` that the flow made."""
        rows = await self.resource.find(
            field(f"{parent.field}/id").equals(parent.id), fields=("id", "integrationXRef")
        )
        external_ids = (row.integrationXRef or "" for row in rows)
        return frozenset(one.rpartition("@")[0] for one in external_ids if self._is_own(one))

    async def leave_each_once(self, parent: LineParent) -> None:
        """Of several own lines for one line of the source only the newest stays, unless ConnectWise protects the others.

        For a parent whose source has ended: no state is left to which a run that was broken off could lead it.
        """
        newest: dict[str, int] = {}
        lines = [line for line in await self.of(parent) if line.own]
        for line in lines:
            newest[line.key] = max(line.id, newest.get(line.key, 0))
        for line in lines:
            if not line.locked and line.id != newest[line.key]:
                with contextlib.suppress(errors.Protected, errors.NotFound):
                    await self.resource.delete(line.id)
                    log.info("line_left_over_deleted", line_id=line.id, external_id=line.external_id)


def amounts_of(line: models.ProductItem | ActualLine) -> Amounts:
    """What the line holds."""
    return Amounts(line.quantity, line.price, line.cost)


def _protection(row: models.ProductItem, parent: LineParent) -> str:
    """Why the line may no longer be deleted, by the signs that the specification has for it."""
    signs = (
        (row.invoice is not None and parent.field != "invoice", "invoiced"),
        (row.salesOrder is not None and parent.field != "salesOrder", "on a sales order"),
        (row.purchaseDate is not None or bool(row.poApprovedFlag), "ordered"),
        (bool(row.serialNumbers), "picked"),
        (bool(row.cancelledFlag), "cancelled"),
    )
    return next((reason for sign, reason in signs if sign), "")
