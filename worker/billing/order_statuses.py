"""The statuses of sales orders: which one an order of BSS gets, and which of them close an order."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import finance
from worker.billing.document_rules import OrderRules
from worker.billing.keys import BillingKey
from worker.psa.context import PsaContext
from worker.psa.name_table import by_name


class OrderStatuses:
    """Looks statuses up; they are never added to."""

    def __init__(self, psa: PsaContext, rules: OrderRules) -> None:
        self._rules = rules
        self._table = psa.name_tables.of("order status", psa.client.order_statuses, by_name)

    def forget(self) -> None:
        """Read the table again next time."""
        self._table.forget()

    async def of(self, name: str, key: BillingKey) -> finance.OrderStatus:
        """By the row of the BSS status, else the setting, else the default of the tenant; raises MappingRefused without one."""
        for chosen, setting in (
            (self._rules.statuses.to_psa(name), "[billing.order_statuses]"),
            (self._rules.status, "billing.order_status"),
        ):
            if chosen is not None:
                return await self._table.need(chosen, setting=setting)
        default = next((row for row in await self._active() if row.defaultFlag), None)
        if default is None:
            raise errors.MappingRefused(
                "No order status is chosen, and ConnectWise has no default one",
                detail=f"{key}, status {name!r}",
                remedy="Set billing.order_status, or add a row to [billing.order_statuses]; then requeue.",
            )
        return default

    async def interim(self) -> finance.OrderStatus | None:
        """The status of a new order until its lines are there: the default one, else any that leaves the order open."""
        opened = [row for row in await self._active() if not row.closedFlag]
        return next((row for row in opened if row.defaultFlag), opened[0] if opened else None)

    async def is_closed(self, status: int) -> bool:
        """Whether a status closes orders; one that is not known does not."""
        return any(row.id == status and row.closedFlag for row in await self._rows())

    async def _active(self) -> list[finance.OrderStatus]:
        return [row for row in await self._rows() if not row.inactiveFlag]

    async def _rows(self) -> list[finance.OrderStatus]:
        return [unclear.left_out(row) for row in await self._table.rows()]
