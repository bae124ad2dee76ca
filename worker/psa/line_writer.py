"""Bring the product items of an opportunity to the desired ones: probe, write side by side, look again.

First one new line alone: only when ConnectWise takes it do the other creates and the deletes run, so that a refusal (inventory
auditing, a required field) leaves the old lines untouched and the opportunity is never empty because of us.
"""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from cwbridge import concurrency, errors, metrics
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Resource
from worker.opportunity.desired import DesiredProduct
from worker.opportunity.plan import ActualLine, Discrepancy, LinePolicy, Plan, PlannedLine, plan
from worker.psa.default_fields import naming_default_field

log = structlog.get_logger()
_ROUNDS = 4
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


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the lines until they matched, and what a person should know."""

    created: int = 0
    deleted: int = 0
    kept: int = 0
    foreign: int = 0
    discrepancies: tuple[Discrepancy, ...] = ()


class LineWriter:
    """Writes the product items of one opportunity."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        opportunity: int,
        catalog: Mapping[DesiredProduct, int],
        *,
        line_policy: LinePolicy,
        default_fields: Mapping[str, Any],
        concurrency: int,
    ) -> None:
        self._products = client.products
        self._opportunity = opportunity
        self._catalog = catalog
        self._line_policy = line_policy
        self._default_fields = default_fields
        self._concurrency = concurrency
        self._refusals: list[errors.Refused] = []
        self._protected: set[int] = set()
        self._created = 0
        self._deleted = 0

    async def settle(self, desired: Sequence[PlannedLine], *, known_empty: bool) -> Applied:
        """Write and look again until the lines match; raises the refusal of a line, or Unsettled after four rounds."""
        actual = [] if known_empty else await self.lines()
        for _ in range(_ROUNDS):
            step = plan(desired, actual, self._line_policy)
            if step.empty:
                return self._applied(step)
            await self._carry_out(step)
            actual = await self.lines()
        raise errors.Unsettled(
            f"The lines still differ after {_ROUNDS} rounds of writing",
            detail=f"opportunity {self._opportunity}",
        )

    async def lines(self) -> list[ActualLine]:
        """All product items of the opportunity, with what protects them."""
        lines = await _lines_of(self._products, self._opportunity)
        return [_protected_by_refusal(line) if line.id in self._protected else line for line in lines]

    def _applied(self, step: Plan) -> Applied:
        return Applied(
            created=self._created,
            deleted=self._deleted,
            kept=step.kept,
            foreign=step.foreign,
            discrepancies=step.discrepancies,
        )

    async def _carry_out(self, step: Plan) -> None:
        if step.creates:
            await self._create(step.creates[0])
            self._raise_refusal()
        await concurrency.gather_limited(self._rest(step), limit=self._concurrency)
        self._raise_refusal()

    def _rest(self, step: Plan) -> Iterator[Coroutine[Any, Any, None]]:
        for line in step.creates[1:]:
            yield self._create(line)
        for line_id in step.deletes:
            yield self._delete(line_id)

    async def _create(self, line: PlannedLine) -> None:
        """A lost answer is left to the second look; a refusal is kept until the other lines are done."""
        try:
            with naming_default_field("product"):
                await self._products.create_id(self._draft(line))
        except errors.OutcomeUnknown:
            log.info("line_outcome_unknown", external_id=line.external_id)
        except errors.Refused as refusal:
            self._refusals.append(_about(refusal, line))
        else:
            self._created += 1
            metrics.OBJECTS.labels("product item", "created").inc()

    async def _delete(self, line_id: int) -> None:
        """A line that is ordered, picked, shipped or invoiced stays; the next look leaves it out of the plan."""
        try:
            await self._products.delete(line_id)
        except errors.OutcomeUnknown:
            log.info("line_outcome_unknown", id=line_id)
        except errors.Protected:
            self._protected.add(line_id)
            log.info("line_protected", id=line_id)
        except errors.Refused as refusal:
            self._refusals.append(refusal)
        else:
            self._deleted += 1
            metrics.OBJECTS.labels("product item", "deleted").inc()

    def _raise_refusal(self) -> None:
        if self._refusals:
            raise self._refusals[0]

    def _draft(self, planned_lines: PlannedLine) -> dict[str, Any]:
        line = planned_lines.line
        draft: dict[str, Any] = {
            **self._default_fields,
            "opportunity": {"id": self._opportunity},
            "catalogItem": {"id": self._catalog[line.product]},
            "integrationXRef": planned_lines.external_id,
            "sequenceNumber": planned_lines.position,
            "quantity": line.quantity,
            "price": line.price,
            "cost": line.cost,
            "description": line.description or line.product.identifier,
            "customerDescription": line.customer_description or line.product.identifier,
            "billableOption": line.billable,
            "taxableFlag": line.taxable,
        }
        if line.internal_notes:
            draft["internalNotes"] = line.internal_notes
        if line.vendor_sku:
            draft["vendorSku"] = line.vendor_sku
        return draft


async def leave_each_once(client: connectwise.ConnectWiseClient, opportunity: int) -> None:
    """Of several lines of ours for one line in Jetbuilt only the newest stays, unless ConnectWise protects the others.

    For an opportunity whose source is gone: there is no state any more to which a run that was broken off could lead it.
    """
    newest: dict[str, int] = {}
    lines = [line for line in await _lines_of(client.products, opportunity) if line.ours]
    for line in lines:
        newest[line.key] = max(line.id, newest.get(line.key, 0))
    for line in lines:
        if not line.locked and line.id != newest[line.key]:
            with contextlib.suppress(errors.Protected, errors.NotFound):
                await client.products.delete(line.id)
                log.info("line_left_over_deleted", id=line.id, external_id=line.external_id)


async def _lines_of(products: Resource[models.ProductItem], opportunity: int) -> list[ActualLine]:
    rows = await products.find(field("opportunity/id").equals(opportunity), fields=_FIELDS)
    return [
        ActualLine(row.id, row.integrationXRef or "", _protection(row), row.quantity, row.price, row.cost)
        for row in rows
    ]


def _protected_by_refusal(line: ActualLine) -> ActualLine:
    return msgspec.structs.replace(line, locked=line.locked or "protected by ConnectWise")


def _protection(row: models.ProductItem) -> str:
    """Why the line may no longer be deleted, by the signs that the specification has for it."""
    signs = (
        (row.invoice is not None, "invoiced"),
        (row.salesOrder is not None, "on a sales order"),
        (row.purchaseDate is not None or bool(row.poApprovedFlag), "ordered"),
        (bool(row.serialNumbers), "picked"),
        (bool(row.cancelledFlag), "cancelled"),
    )
    return next((reason for sign, reason in signs if sign), "")


def _about(refusal: errors.Refused, line: PlannedLine) -> errors.Refused:
    """The refusal with the line it is about."""
    refusal.detail = f"{line.line.key} {line.line.product.identifier!r}: {refusal.detail}".rstrip(": ")
    return refusal
