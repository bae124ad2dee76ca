"""Where companies are looked up: asked of ConnectWise one by one, or found among all of them, for a rebuild of the links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.text import folded, shorten
from worker.psa.company_search import MAX_NAME, CompanySearch
from worker.psa.context import PsaContext


class CompanyBook(Protocol):
    """Finds companies, those in the recycle bin as well; more than asked for may be found."""

    async def of_id(self, number: int) -> list[models.Company]: ...

    async def identified(self, identifier: str) -> list[models.Company]: ...

    async def numbered(self, account_number: str) -> list[models.Company]: ...

    async def named(self, name: str) -> list[models.Company]: ...


class AskedCompanies:
    """One request for each question."""

    def __init__(self, psa: PsaContext) -> None:
        self._companies = psa.client.companies
        self._search = CompanySearch(psa)

    async def of_id(self, number: int) -> list[models.Company]:
        return await self._companies.find(field("id").equals(number))

    async def identified(self, identifier: str) -> list[models.Company]:
        return await self._search.identified([identifier])

    async def numbered(self, account_number: str) -> list[models.Company]:
        return await self._companies.find(field("accountNumber").equals(account_number))

    async def named(self, name: str) -> list[models.Company]:
        return await self._search.named(name)


class ListedCompanies:
    """All companies in memory."""

    def __init__(self, companies: Iterable[models.Company]) -> None:
        self._by_id: dict[int, models.Company] = {}
        self._by_text: dict[tuple[str, str], list[models.Company]] = defaultdict(list)
        for row in companies:
            self._by_id[row.id] = row
            texts = {"identifier": row.identifier, "number": row.accountNumber, "name": row.name}
            for kind, text in texts.items():
                self._by_text[kind, folded(text)].append(row)

    def __len__(self) -> int:
        return len(self._by_id)

    async def of_id(self, number: int) -> list[models.Company]:
        found = self._by_id.get(number)
        return [] if found is None else [found]

    async def identified(self, identifier: str) -> list[models.Company]:
        return self._of("identifier", identifier)

    async def numbered(self, account_number: str) -> list[models.Company]:
        return self._of("number", account_number)

    async def named(self, name: str) -> list[models.Company]:
        forms = dict.fromkeys(folded(form) for form in (name, shorten(name, MAX_NAME)))
        return [row for form in forms for row in self._of("name", form)]

    def _of(self, kind: str, text: str) -> list[models.Company]:
        return self._by_text.get((kind, folded(text)), []) if folded(text) else []
