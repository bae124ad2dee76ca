"""The product items of a parent record as they are in ConnectWise, with what protects them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
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


ParentField = Literal["opportunity", "salesOrder", "invoice"]


class LineParent(msgspec.Struct, frozen=True):
    """The record that product items belong to; `field` is their reference to it."""

    field: ParentField
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
        rows = await self.resource.find(field(f"{parent.field}/id").equals(parent.id), fields=_FIELDS)
        return with_accepted((self._line(row, parent.field) for row in rows), accepted or {})

    async def of_each(
        self, name: ParentField, parents: Iterable[int], *, limit: int
    ) -> dict[int, list[ActualLine]] | None:
        """The product items of several parents, by parent; None when there are `limit` of them or more.

        No amounts count as accepted yet. A parent with an item that is not understood is left out.
        """
        found: dict[int, list[ActualLine]] = {parent: [] for parent in parents}
        if not found:
            return found
        rows = await self.resource.find(
            field(f"{name}/id").one_of(found), fields=(*_FIELDS, name), limit=limit
        )
        if len(rows) >= limit:
            return None
        for row in rows:
            reference = getattr(row, name)
            if reference is None or reference.id not in found:
                continue
            if type(row) is models.ProductItem:
                found[reference.id].append(self._line(row, name))
            else:
                del found[reference.id]
        return found

    def _line(self, row: models.ProductItem, name: ParentField) -> ActualLine:
        external_id = row.integrationXRef or ""
        return ActualLine(
            id=row.id,
            external_id=external_id,
            own=self._is_own(external_id),
            locked=_protection(row, name),
            quantity=row.quantity,
            price=row.price,
            cost=row.cost,
        )

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


def with_accepted(lines: Iterable[ActualLine], accepted: Mapping[int, Amounts]) -> list[ActualLine]:
    """The lines, marked where their amounts are those that ConnectWise made of the flow's own writes."""
    return [
        msgspec.structs.replace(line, accepted=True) if accepted.get(line.id) == amounts_of(line) else line
        for line in lines
    ]


def amounts_of(line: models.ProductItem | ActualLine) -> Amounts:
    """What the line holds."""
    return Amounts(line.quantity, line.price, line.cost)


def _protection(row: models.ProductItem, parent: ParentField) -> str:
    """Why the line may no longer be deleted, by the signs that the specification has for it."""
    signs = (
        (row.invoice is not None and parent != "invoice", "invoiced"),
        (row.salesOrder is not None and parent != "salesOrder", "on a sales order"),
        (row.purchaseDate is not None or bool(row.poApprovedFlag), "ordered"),
        (bool(row.serialNumbers), "picked"),
        (bool(row.cancelledFlag), "cancelled"),
    )
    return next((reason for sign, reason in signs if sign), "")
