"""Countries and states between both systems: BSS knows them by name, ConnectWise by reference and by code."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.connectors.connectwise import models
from worker.billing.name_map import NameMap
from worker.psa.setup_tables import SetupTables

_CODE_LENGTH = 3
"""A row of the settings whose BSS side is not longer is the code of a country; BSS takes names."""


class Places:
    """Translates countries and states; what ConnectWise does not know is refused, as an address without it would be wrong."""

    def __init__(self, setup_tables: SetupTables, countries: NameMap) -> None:
        self._tables = setup_tables
        self._countries = countries

    async def country_of(self, name: str | None, code: str | None) -> models.Country | None:
        """The country by its row in the settings, else by name, else by code; None for no country. Raises MappingRefused."""
        names = [text for text in (name, code) if text]
        for asked in [*filter(None, map(self._countries.to_psa, names)), *names]:
            found = await self._tables.find_country(asked)
            if found is not None:
                return found
        if not names:
            return None
        raise errors.MappingRefused(
            "ConnectWise does not know the country of a billing address",
            detail=" ".join(names),
            remedy="Add the country in ConnectWise (with its code), or a row for it to [billing.countries]; then requeue.",
        )

    async def country_id(self, name: str | None, code: str | None) -> str:
        found = await self.country_of(name, code)
        return "" if found is None else str(found.id)

    def country_in_bss(self, country: models.Reference | None) -> str:
        """The name by which BSS knows a country of ConnectWise."""
        name = (country.name if country is not None else None) or ""
        known = self._countries.to_bss(name)
        return known if known is not None and len(known) > _CODE_LENGTH else name

    async def state_code(self, state: str, country: models.Country | None) -> str | None:
        """The code of the state within the country; None where ConnectWise has no states of the country.

        Raises MappingRefused when it has states and this is none of them.
        """
        if not state:
            return ""
        if country is None:
            return None
        found = await self._tables.find_state(state, country.id)
        if found is not None:
            return found.identifier
        if not await self._tables.has_states(country.id):
            return None
        raise errors.MappingRefused(
            "ConnectWise does not know the state of a billing address",
            detail=f"{state} in {country.name}",
            remedy="Correct the state in BSS, or add it to the country in ConnectWise; then requeue.",
        )

    async def state_in_bss(self, state: str, country: models.Reference | None) -> str:
        """The name of a state of ConnectWise; a text that is no state of the country stays as it is."""
        if not state or country is None:
            return state
        found = await self._tables.find_state(state, country.id)
        return state if found is None else found.name
