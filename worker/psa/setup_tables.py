"""Names of ConnectWise's set-up tables that we only look up: stages, statuses, offices, currencies, countries."""

from __future__ import annotations

from typing import Any

from cwbridge import locks
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from worker.opportunity.desired import OfficeAssignment, Progress
from worker.psa.name_table import NameTable


class SetupTables:
    """Resolves names to what a draft or change needs; raises MappingRefused that names the setting."""

    def __init__(self, client: connectwise.ConnectWiseClient, locker: locks.Locks) -> None:
        self._client = client
        self._locks = locker
        self._states: dict[int, NameTable[models.State]] = {}
        self._stages = NameTable("stage", client.stages, locker=locker, names_of=lambda row: (row.name,))
        self._statuses = NameTable(
            "opportunity status", client.opportunity_statuses, locker=locker, names_of=lambda row: (row.name,)
        )
        self._probabilities = NameTable(
            "probability", client.probabilities, locker=locker, names_of=lambda row: (str(row.probability),)
        )
        self._locations = NameTable(
            "location", client.locations, locker=locker, names_of=lambda row: (row.name,)
        )
        self._departments = NameTable(
            "department", client.departments, locker=locker, names_of=lambda row: (row.name, row.identifier)
        )
        self._currencies = NameTable(
            "currency",
            client.currencies,
            locker=locker,
            names_of=lambda row: (
                row.currencyIdentifier,
                row.currencyCode.name if row.currencyCode else None,
            ),
        )
        self._countries = NameTable(
            "country", client.countries, locker=locker, names_of=lambda row: (row.countryCode, row.name)
        )

    async def progress(self, desired: Progress) -> dict[str, Any]:
        """Stage, status and probability as references."""
        fields: dict[str, Any] = {}
        if desired.stage is not None:
            fields["stage"] = {
                "id": (await self._stages.need(desired.stage, setting="opportunity.stages")).id
            }
        if desired.status is not None:
            fields["status"] = {"id": await self.status(desired.status, setting="opportunity.stages")}
        if desired.probability is not None:
            found = await self._probabilities.need(str(desired.probability), setting="opportunity.stages")
            fields["probability"] = {"id": found.id}
        return fields

    async def status(self, name: str, *, setting: str) -> int:
        """The id of the opportunity status of that name."""
        return (await self._statuses.need(name, setting=setting)).id

    async def place(self, desired: OfficeAssignment) -> dict[str, Any]:
        """Location and department, which ConnectWise wants as bare ids."""
        fields: dict[str, Any] = {}
        if desired.location is not None:
            found = await self._locations.need(desired.location, setting="opportunity.offices")
            fields["locationId"] = found.id
        if desired.department is not None:
            department = await self._departments.need(desired.department, setting="opportunity.offices")
            fields["businessUnitId"] = department.id
        return fields

    async def currency(self, code: str) -> dict[str, Any]:
        """The currency of that ISO code, or nothing for no code."""
        if not code:
            return {}
        found = await self._currencies.need(code, setting="opportunity.currency (to `leave`)")
        return {"currency": {"id": found.id}}

    async def state(self, state: str, country: str) -> dict[str, Any]:
        """The state of that code or name within the country, or nothing where ConnectWise does not know it."""
        home = await self._countries.find(country) if country else None
        if not state or home is None:
            return {}
        table = self._states.get(home.id)
        if table is None:
            table = NameTable(
                "state",
                self._client.states,
                locker=self._locks,
                names_of=lambda row: (row.identifier, row.name),
                scope=lambda row: row.country is not None and row.country.id == home.id,
            )
            self._states[home.id] = table
        found = await table.find(state)
        return {} if found is None else {"stateReference": {"id": found.id}}

    async def country(self, code: str) -> dict[str, Any]:
        """The country of that code or name, or nothing where ConnectWise does not know it: an address is still useful."""
        found = await self._countries.find(code) if code else None
        return {} if found is None else {"country": {"id": found.id}}
