"""Names of the set-up tables that records of every flow refer to: locations, departments, currencies, countries, states."""

from __future__ import annotations

from typing import Any

from cwbridge import locks
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from worker.psa.name_table import NameTable
from worker.psa.object_counter import ObjectCounter


class SetupTables:
    """Resolves names to fields of a draft or change; these tables are never added to.

    Where a `setting` is given, a name that ConnectWise does not have raises MappingRefused that names it.
    """

    def __init__(
        self, client: connectwise.ConnectWiseClient, locker: locks.Locks, objects: ObjectCounter
    ) -> None:
        self._client = client
        self._locks = locker
        self._objects = objects
        self._states: dict[int, NameTable[models.State]] = {}
        self._locations = NameTable(
            "location", client.locations, locker=locker, objects=objects, names_of=lambda row: (row.name,)
        )
        self._departments = NameTable(
            "department",
            client.departments,
            locker=locker,
            objects=objects,
            names_of=lambda row: (row.name, row.identifier),
        )
        self._currencies = NameTable(
            "currency",
            client.currencies,
            locker=locker,
            objects=objects,
            names_of=lambda row: (
                row.currencyIdentifier,
                row.currencyCode.name if row.currencyCode else None,
            ),
        )
        self._countries = NameTable(
            "country",
            client.countries,
            locker=locker,
            objects=objects,
            names_of=lambda row: (row.countryCode, row.name),
        )

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
        home = await self._countries.find(country) if country else None
        if not state or home is None:
            return {}
        table = self._states.get(home.id)
        if table is None:
            table = NameTable(
                "state",
                self._client.states,
                locker=self._locks,
                objects=self._objects,
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
