"""The product items of one opportunity: their catalog items first, then the lines, through the inventory gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cwbridge import errors
from cwbridge.queue.job import Run
from worker.opportunity import plan
from worker.opportunity.desired import DesiredOpportunity, Rules
from worker.opportunity.settings import OpportunitySettings
from worker.psa import line_plan
from worker.psa.catalog import Catalog
from worker.psa.context import PsaContext
from worker.psa.inventory_gate import InventoryGate
from worker.psa.line_plan import ActualLine, LinePolicy
from worker.psa.line_writer import Applied, LineWriter
from worker.psa.product_lines import LineParent, ProductLines, with_accepted
from worker.psa.records import DesiredProduct


class OpportunityLines:
    """Brings the product items of opportunities to the desired ones."""

    def __init__(
        self,
        psa: PsaContext,
        catalog: Catalog,
        lines: ProductLines,
        inventory_gate: InventoryGate,
        *,
        rules: Rules,
        chosen: OpportunitySettings,
    ) -> None:
        self._psa = psa
        self._catalog = catalog
        self._lines = lines
        self._inventory_gate = inventory_gate
        self._rules = rules
        self._chosen = chosen

    async def enter(self, run: Run) -> None:
        """Raise InventoryLocked while inventory auditing is on and this run is not the one that tries."""
        await self._inventory_gate.enter(run)

    async def catalog_items(self, desired: DesiredOpportunity) -> Mapping[DesiredProduct, int]:
        """The catalog item of each product of the lines; missing items are created."""
        return await self._catalog.resolve(line.product for line in desired.lines)

    async def settle(
        self,
        desired: DesiredOpportunity,
        opportunity: int,
        catalog_items: Mapping[DesiredProduct, int],
        *,
        restore: bool,
        known_empty: bool = False,
    ) -> Applied:
        """Write until the lines match; without `restore`, lines that another user removed are reported instead."""
        writer = LineWriter(
            self._psa,
            self._catalog,
            self._lines,
            _parent(opportunity),
            line_policy=self._policy(restore=restore),
            concurrency=self._chosen.apply_concurrency,
        )
        try:
            applied = await writer.settle(
                plan.planned_lines(desired, self._rules), catalog_items, known_empty=known_empty
            )
        except errors.InventoryLocked as refusal:
            raise await self._inventory_gate.close(refusal) from refusal
        if applied.created or applied.deleted:
            await self._inventory_gate.open()
        return applied

    async def as_read_ahead(
        self, desired: DesiredOpportunity, opportunity: int, lines: Iterable[ActualLine], *, restore: bool
    ) -> Applied | None:
        """What `settle` does with `lines`; None when it would write, or has to look at every catalog item."""
        if self._catalog.looks_at_every_item:
            return None
        actual = with_accepted(lines, await self._lines.accepted.of(str(_parent(opportunity))))
        step = line_plan.plan(plan.planned_lines(desired, self._rules), actual, self._policy(restore=restore))
        if not step.empty:
            return None
        return Applied(kept=step.kept, foreign=step.foreign, discrepancies=step.discrepancies)

    def _policy(self, *, restore: bool) -> LinePolicy:
        return LinePolicy(
            remove_foreign=self._chosen.foreign_lines == "remove",
            repair_drift=self._chosen.drift == "repair",
            restore_missing=restore,
        )

    async def are_own(self, opportunity: int) -> bool:
        """Whether the opportunity holds no line that another user made."""
        return all(line.own for line in await self._lines.of(_parent(opportunity)))

    async def leave_each_once(self, opportunity: int) -> None:
        """Of several lines for one line of Jetbuilt only the newest stays."""
        await self._lines.leave_each_once(_parent(opportunity))

    async def missing_names(self, desired: DesiredOpportunity) -> list[str]:
        """Every name of a set-up table that the products need and ConnectWise does not have."""
        return await self._catalog.missing(line.product for line in desired.lines)


def _parent(opportunity: int) -> LineParent:
    return LineParent("opportunity", opportunity)
