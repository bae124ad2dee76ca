"""The product items of one order or invoice of BSS, through the line reconciliation that every flow shares.

Each line carries the external id `bss:{item id}@{version}`; the version is made of the line alone (strategy `changed`). Lines of other
users are kept, lines that ConnectWise protects stay and are reported, and a line that another user changed becomes again what BSS says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

import msgspec

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.flow import FlowContext
from cwbridge.ledger.accepted_amounts import AcceptedAmounts
from cwbridge.queue.job import Run
from cwbridge.text import digest, one_line, shorten
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.keys import BillingKey, document_key, of_identity
from worker.psa.identities import relink_command
from worker.psa.inventory_gate import InventoryGate
from worker.psa.line_plan import LinePlan, LinePolicy, PlannedLine, plan
from worker.psa.line_writer import Applied, LineWriter
from worker.psa.product_lines import LineParent, ProductLines
from worker.psa.records import DesiredLine, DesiredProduct

INVENTORY_PROBE_INTERVAL = timedelta(minutes=5)
_VERSION_LENGTH = 8
_MAX_KEY = 50 - _VERSION_LENGTH - 1
"""Of `integrationXRef`, 50 characters: a GUID leaves eight for the version."""
_OWN = re.compile(rf"bss:[^@\s]+@[a-z2-7]{{{_VERSION_LENGTH}}}")
_LINE_POLICY = LinePolicy(repair_drift=True)
_CONCURRENCY = 4
"""Product items of one document that are written at once."""
_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="string")


def line_key(item_id: str) -> str:
    """The `key` of the DesiredLine of an item."""
    return shorten(f"bss:{item_id}", _MAX_KEY)


def is_own(external_id: str) -> bool:
    """Whether this flow made the line with that external id."""
    return _OWN.fullmatch(external_id) is not None


def planned(lines: Sequence[DesiredLine]) -> tuple[PlannedLine, ...]:
    """The lines with their external ids, in their order."""
    return tuple(
        PlannedLine(f"{line.key}@{_version(line)}", position, line)
        for position, line in enumerate(lines, start=1)
    )


def line_product(product: bss.ProductLink | None) -> DesiredProduct:
    """The product of an item, for its DesiredLine."""
    if product is None:
        return DesiredProduct(identifier="", qualified="", kind="product", description="")
    return DesiredProduct(
        identifier=one_line(product.code) or one_line(product.name) or product.id,
        qualified="",
        kind="product",
        description=one_line(product.name),
        identity=document_key("product", product.id).identity,
    )


def _version(line: DesiredLine) -> str:
    """Of what is written; a product that gets another code or name is the same product."""
    bare = DesiredProduct(
        identifier="", qualified="", kind="product", description="", identity=line.product.identity
    )
    written = msgspec.structs.replace(line, product=bare)
    return digest(_canonical.encode(written))[:_VERSION_LENGTH]


class DocumentLines:
    """Writes the product items of orders and invoices."""

    def __init__(
        self,
        context: BillingContext,
        dependencies: Dependencies,
        lines: ProductLines,
        inventory_gate: InventoryGate,
    ) -> None:
        self._context = context
        self._dependencies = dependencies
        self._lines = lines
        self._inventory_gate = inventory_gate

    @classmethod
    def over(cls, opened: FlowContext, context: BillingContext) -> Self:
        """The lines of documents in one process."""
        redis, namespace = opened.redis, opened.settings.namespace
        return cls(
            context,
            Dependencies(context),
            ProductLines(
                context.psa.client.products, AcceptedAmounts(redis, namespace=namespace), is_own=is_own
            ),
            InventoryGate(redis, context.queue, namespace=namespace, probe_interval=INVENTORY_PROBE_INTERVAL),
        )

    async def enter(self, run: Run) -> None:
        """Raise InventoryLocked while inventory auditing is on and this run is not the one that tries."""
        await self._inventory_gate.enter(run)

    async def catalog_items(self, run: Run, lines: Sequence[DesiredLine]) -> dict[DesiredProduct, int]:
        """The catalog item of each product of the lines; raises as Dependencies.need does for a product that is not synced.

        Call it before the order or invoice is made, so that none stands there without lines while a product is waited for.
        """
        products = {line.product: product_key(line.product) for line in lines}
        links = await self._dependencies.need_all(run, products.values())
        return {product: links[key].target for product, key in products.items()}

    async def settle(
        self,
        parent: LineParent,
        lines: Sequence[DesiredLine],
        catalog_items: Mapping[DesiredProduct, int],
        *,
        known_empty: bool = False,
    ) -> Applied:
        """Write until the lines match; `known_empty` says that the run has just made the parent.

        Raises the refusal of a line, with nothing changed when it is the first; InventoryLocked, which closes the gate; Unsettled.
        """
        writer = LineWriter(
            self._context.psa,
            _LinkedCatalog(),
            self._lines,
            parent,
            line_policy=_LINE_POLICY,
            concurrency=_CONCURRENCY,
        )
        try:
            applied = await writer.settle(planned(lines), catalog_items, known_empty=known_empty)
        except errors.InventoryLocked as refusal:
            raise await self._inventory_gate.close(refusal) from refusal
        if applied.created or applied.deleted:
            await self._inventory_gate.open()
        return applied

    async def compare(self, parent: LineParent, lines: Sequence[DesiredLine]) -> LinePlan:
        """What `settle` would do now; nothing is written."""
        accepted = await self._lines.accepted.of(str(parent))
        return plan(planned(lines), await self._lines.of(parent, accepted), _LINE_POLICY)

    async def own_keys(self, parent: LineParent) -> frozenset[str]:
        """The keys of the lines of `parent` that the flow made."""
        return await self._lines.own_keys(parent)


class _LinkedCatalog:
    """Products of BSS have one catalog item each, by their link."""

    async def renew(self, product: DesiredProduct) -> int:
        raise errors.Refused(
            "The catalog item of a product no longer exists in ConnectWise",
            detail=f"{product.identifier!r}, {product_key(product)}",
            remedy=f"Restore it, or choose another one: {relink_command(product.identity)}; then requeue.",
        )


def product_key(product: DesiredProduct) -> BillingKey:
    """The key of the product of BSS; raises Refused for a line without one."""
    key = of_identity(product.identity)
    if key is None:
        raise errors.Refused(
            "An item has no product in BSS",
            detail=product.identifier,
            remedy="Choose the product of the item in BSS; saving it starts the sync again.",
        )
    return key
