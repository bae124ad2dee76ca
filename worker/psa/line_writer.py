"""Brings the product items of a parent record to the desired ones: probe, write side by side, look again.

First one new line alone: only when ConnectWise accepts it do the other creates and the deletes run, so that a refusal (inventory
auditing, a required field) or a lost answer leaves the old lines untouched and the parent is never empty because of a sync.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from cwbridge import concurrency, errors
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import models
from cwbridge.ledger.accepted_amounts import Amounts
from worker.psa.context import PsaContext
from worker.psa.default_fields import naming_default_field
from worker.psa.gone import gone_reference
from worker.psa.line_plan import ActualLine, Discrepancy, LinePlan, LinePolicy, PlannedLine, plan
from worker.psa.product_lines import LineParent, ProductLines, amounts_of
from worker.psa.records import DesiredProduct

log = structlog.get_logger(__name__)
_ROUNDS = 4


class RenewableCatalog(Protocol):
    """Where the catalog items of the lines come from."""

    async def renew(self, product: DesiredProduct) -> int:
        """The catalog item of a product whose item ConnectWise no longer has; raises Refused when there is none to take its place."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the lines until they matched, and the discrepancies."""

    created: int = 0
    deleted: int = 0
    kept: int = 0
    foreign: int = 0
    discrepancies: tuple[Discrepancy, ...] = ()


class LineWriter:
    """Writes the product items of one parent in one run."""

    def __init__(
        self,
        psa: PsaContext,
        catalog: RenewableCatalog,
        lines: ProductLines,
        parent: LineParent,
        *,
        line_policy: LinePolicy,
        concurrency: int,
    ) -> None:
        self._psa = psa
        self._catalog = catalog
        self._product_lines = lines
        self._parent = parent
        self._line_policy = line_policy
        self._concurrency = concurrency
        self._catalog_items: dict[DesiredProduct, int] = {}
        self._default_fields: Mapping[str, Any] = {}
        self._accepted: dict[int, Amounts] = {}
        self._unanswered: set[str] = set()
        self._refusals: list[errors.Refused] = []
        self._protected: set[int] = set()
        self._created = 0
        self._deleted = 0

    async def settle(
        self,
        desired: Sequence[PlannedLine],
        catalog_items: Mapping[DesiredProduct, int],
        *,
        known_empty: bool,
    ) -> Applied:
        """Write and look again until the lines match; raises the refusal of a line, or Unsettled after four rounds."""
        self._catalog_items = dict(catalog_items)
        self._default_fields = await self._psa.default_fields.of("product")
        before = {} if known_empty else await self._product_lines.accepted.of(str(self._parent))
        self._accepted = dict(before)
        actual = [] if known_empty else await self.lines()
        for _ in range(_ROUNDS):
            step = plan(desired, actual, self._line_policy)
            if step.empty:
                await self._keep_accepted(before, actual, desired)
                return self._applied(step)
            await self._carry_out(step)
            actual = await self.lines()
        raise errors.Unsettled(
            f"The lines still differ after {_ROUNDS} rounds of writing",
            detail=str(self._parent),
        )

    async def lines(self) -> list[ActualLine]:
        """All product items of the parent, with what protects them."""
        lines = await self._product_lines.of(self._parent, self._accepted)
        return [self._known(line) for line in lines]

    def _known(self, line: ActualLine) -> ActualLine:
        """The line with what this run knows of it: a refused delete, amounts of a lost answer."""
        if line.id in self._protected:
            line = msgspec.structs.replace(line, locked=line.locked or "protected by ConnectWise")
        if line.external_id in self._unanswered:
            self._accepted[line.id] = amounts_of(line)
            line = msgspec.structs.replace(line, accepted=True)
        return line

    async def _keep_accepted(
        self,
        before: Mapping[int, Amounts],
        actual: Sequence[ActualLine],
        desired: Sequence[PlannedLine],
    ) -> None:
        """Keep the amounts of the lines that ConnectWise did not store as they were sent."""
        lines = {planned.external_id: planned.line for planned in desired}
        now = {
            one.id: self._accepted[one.id]
            for one in actual
            if one.accepted and one.external_id in lines and not one.holds(lines[one.external_id])
        }
        if now != before:
            await self._product_lines.accepted.replace(str(self._parent), now)

    def _applied(self, step: LinePlan) -> Applied:
        return Applied(
            created=self._created,
            deleted=self._deleted,
            kept=step.kept,
            foreign=step.foreign,
            discrepancies=step.discrepancies,
        )

    async def _carry_out(self, step: LinePlan) -> None:
        if step.creates:
            probe = step.creates[0]
            await self._create(probe)
            self._raise_refusal()
            if probe.external_id in self._unanswered:
                # It may not stand; the next round sees, and until then the old lines stay.
                return
        await concurrency.gather_limited(self._rest(step), limit=self._concurrency)
        self._raise_refusal()

    def _rest(self, step: LinePlan) -> Iterator[Coroutine[Any, Any, None]]:
        for line in step.creates[1:]:
            yield self._create(line)
        for line_id in step.deletes:
            yield self._delete(line_id)

    async def _create(self, line: PlannedLine) -> None:
        """Create a line; a lost answer is left to the second look, a refusal is raised after the other lines."""
        try:
            with naming_default_field("product"):
                await self._send(line)
        except errors.OutcomeUnknown:
            self._unanswered.add(line.external_id)
            log.info("line_outcome_unknown", external_id=line.external_id)
        except errors.Refused as refusal:
            self._refusals.append(_about(refusal, line))
        else:
            self._created += 1
            self._psa.objects.count("product item", "created")

    async def _send(self, line: PlannedLine) -> None:
        """Create the line; a catalog item that ConnectWise no longer has is looked up again, once."""
        products = self._product_lines.resource
        try:
            created = await products.create(self._draft(line))
        except errors.Refused as refusal:
            if gone_reference(refusal) != "catalogitem":
                raise
            self._catalog_items[line.line.product] = await self._catalog.renew(line.line.product)
            created = await products.create(self._draft(line))
        await self._undo_stray(created)
        sent = Amounts(line.line.quantity, line.line.price, line.line.cost)
        stored = amounts_of(unclear.left_out(created))
        if stored != sent:
            self._accepted[created.id] = stored

    async def _undo_stray(self, created: models.ProductItem) -> None:
        """Refuse a line that ConnectWise stored without its parent: no look at the parent would ever find it.

        Lines of opportunities are not looked at: the second look has always found them.
        """
        if self._parent.field == "opportunity" or getattr(created, self._parent.field) is not None:
            return
        await self._product_lines.resource.delete(created.id)
        raise errors.Refused(
            f"ConnectWise did not keep the {self._parent.field} of a product item",
            detail=f"product item {created.id}, which is deleted again",
            remedy="This ConnectWise takes no such lines through its API: report it, and write the lines by hand.",
        )

    async def _delete(self, line_id: int) -> None:
        """Delete a line; a line that is ordered, picked, shipped or invoiced stays, and the next plan leaves it out."""
        try:
            await self._product_lines.resource.delete(line_id)
        except errors.OutcomeUnknown:
            log.info("line_outcome_unknown", line_id=line_id)
        except errors.Protected:
            self._protected.add(line_id)
            log.info("line_protected", line_id=line_id)
        except errors.Refused as refusal:
            self._refusals.append(refusal)
        else:
            self._deleted += 1
            self._psa.objects.count("product item", "deleted")

    def _raise_refusal(self) -> None:
        if self._refusals:
            raise self._refusals[0]

    def _draft(self, planned: PlannedLine) -> dict[str, Any]:
        line = planned.line
        draft: dict[str, Any] = {
            **self._default_fields,
            self._parent.field: {"id": self._parent.id},
            "catalogItem": {"id": self._catalog_items[line.product]},
            "integrationXRef": planned.external_id,
            "sequenceNumber": planned.position,
            "quantity": line.quantity,
            "price": line.price,
            "cost": line.cost,
            "description": line.description or line.product.identifier,
            "customerDescription": line.customer_description or line.product.identifier,
            "billableOption": line.billable,
        }
        if line.taxable is not None:
            draft["taxableFlag"] = line.taxable
        if line.internal_notes:
            draft["internalNotes"] = line.internal_notes
        if line.vendor_sku:
            draft["vendorSku"] = line.vendor_sku
        return draft


def _about(refusal: errors.Refused, line: PlannedLine) -> errors.Refused:
    """The refusal with the line it is about."""
    refusal.detail = f"{line.line.key} {line.line.product.identifier!r}: {refusal.detail}".rstrip(": ")
    return refusal
