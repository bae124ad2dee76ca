"""Names of the set-up tables of sales: stages, statuses and probabilities are looked up, opportunity types created when missing."""

from __future__ import annotations

from typing import Any

from cwbridge.connectors.connectwise import client as connectwise
from worker.opportunity.desired import Progress
from worker.psa.name_table import NameTables, by_name

_STAGES = "opportunity.stages"


class SalesTables:
    """Resolves names to what a draft or change needs; raises MappingRefused that names the setting."""

    def __init__(self, client: connectwise.ConnectWiseClient, tables: NameTables) -> None:
        self._stages = tables.of("stage", client.stages, by_name)
        self._statuses = tables.of("opportunity status", client.opportunity_statuses, by_name)
        self._probabilities = tables.of(
            "probability", client.probabilities, lambda row: (str(row.probability),)
        )
        self._types = tables.of("opportunity type", client.opportunity_types, lambda row: (row.description,))

    def forget(self) -> None:
        """Read the tables again next time, because ConnectWise no longer has a row of them."""
        for table in (self._stages, self._statuses, self._probabilities, self._types):
            table.forget()

    async def type(self, name: str) -> int:
        """The id of the opportunity type of that name, created when missing."""
        return (await self._types.ensure(name, {"description": name})).id

    async def missing_type(self, name: str) -> list[str]:
        """The opportunity type with its noun when ConnectWise does not have it: `opportunity type 'Option'`."""
        return [] if await self._types.find(name) is not None else [f"{self._types.noun} {name!r}"]

    async def progress(self, desired: Progress) -> dict[str, Any]:
        """Stage, status and probability as references."""
        fields: dict[str, Any] = {}
        if desired.stage is not None:
            fields["stage"] = {"id": (await self._stages.need(desired.stage, setting=_STAGES)).id}
        if desired.status is not None:
            fields["status"] = {"id": await self.status(desired.status, setting=_STAGES)}
        if desired.probability is not None:
            found = await self._probabilities.need(str(desired.probability), setting=_STAGES)
            fields["probability"] = {"id": found.id}
        return fields

    async def status(self, name: str, *, setting: str) -> int:
        """The id of the opportunity status of that name."""
        return (await self._statuses.need(name, setting=setting)).id
