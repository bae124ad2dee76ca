"""Names of the set-up tables that records of every flow refer to: locations, departments, currencies, countries, states."""

from __future__ import annotations

from typing import Any

from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from worker.psa.name_table import NameTable, NameTables, by_name


class SetupTables:
    """Resolves names to fields of a draft or change; these tables are never added to.

    Where a `setting` is given, a name that ConnectWise does not have raises MappingRefused that names it.
    """

    def __init__(self, client: connectwise.ConnectWiseClient, tables: NameTables) -> None:
        self._client = client
        self._tables = tables
        self._states: dict[int, NameTable[models.State]] = {}
        self._locations = tables.of("location", client.locations, by_name)
        self._departments = tables.of(
            "department", client.departments, lambda row: (row.name, row.identifier)
        )
        self._currencies = tables.of(
            "currency",
            client.currencies,
            lambda row: (row.currencyIdentifier, row.currencyCode.name if row.currencyCode else None),
        )
        self._countries = tables.of("country", client.countries, lambda row: (row.countryCode, row.name))

    def forget(self) -> None:
        """Read the tables again next time, because ConnectWise no longer has a row of them."""
        for table in (self._locations, self._departments, self._currencies, self._countries):
            table.forget()
        self._states.clear()

    async def location(self, name: str | None, *, setting: str) -> dict[str, Any]:
        """The location, which ConnectWise wants as a bare id; nothing for no name."""
        if name is None:
            return {}
        return {"locationId": (await self._locations.need(name, setting=setting)).id}

    async def department(self, name: str | None, *, setting: str) -> dict[str, Any]:
        """The department, which ConnectWise wants as a bare id; nothing for no name."""
        if name is None:
            return {}
        return {"businessUnitId": (await self._departments.need(name, setting=setting)).id}

    async def currency(self, code: str, *, setting: str) -> dict[str, Any]:
        """The currency of that ISO code, or nothing for no code."""
        if not code:
            return {}
        return {"currency": {"id": (await self._currencies.need(code, setting=setting)).id}}

    async def state(self, state: str, country: str) -> dict[str, Any]:
        """The state of that code or name within the country, or nothing where ConnectWise does not know it."""
        home = await self.find_country(country) if country else None
        found = await self.find_state(state, home.id) if state and home is not None else None
        return {} if found is None else {"stateReference": {"id": found.id}}

    async def country(self, code: str) -> dict[str, Any]:
        """The country of that code or name, or nothing where ConnectWise does not know it: an address is still useful."""
        found = await self.find_country(code) if code else None
        return {} if found is None else {"country": {"id": found.id}}

    async def find_country(self, name: str) -> models.Country | None:
        """The country of that name or code, or None."""
        return await self._countries.find(name)

    async def find_state(self, name: str, country: int) -> models.State | None:
        """The state of that name or code within the country, or None."""
        return await self._states_of(country).find(name)

    async def has_states(self, country: int) -> bool:
        """Whether ConnectWise has any state of the country."""
        return not await self._states_of(country).is_empty()

    def _states_of(self, country: int) -> NameTable[models.State]:
        table = self._states.get(country)
        if table is None:
            table = self._tables.of(
                "state",
                self._client.states,
                lambda row: (row.identifier, row.name),
                scope=lambda row: row.country is not None and row.country.id == country,
            )
            self._states[country] = table
        return table
