"""The Jetbuilt client: reads projects and what belongs to them; it never writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec

from cwbridge import clock, concurrency, errors, settings
from cwbridge.connectors.calls import Address, Answer, Request
from cwbridge.connectors.jetbuilt import listed, models, pages, refusals
from cwbridge.connectors.jetbuilt.pages import Page
from cwbridge.connectors.jetbuilt.settings import JetbuiltSettings
from cwbridge.connectors.profile import Bounds, Profile
from cwbridge.connectors.reading import Reader, reader
from cwbridge.connectors.session import open_session
from cwbridge.connectors.transport import Limits, OpenTransport, Transport

__all__ = ["JetbuiltClient", "Page", "open_client", "session_headers"]

T = TypeVar("T")
Read = TypeVar("Read")

JETBUILT = Profile("jetbuilt", "Jetbuilt", refusals.classify, throttle_seconds=10.0)
_READINGS = 3
# Pages of one list under way at once: many jobs read, and no job may take all slots.
_AT_ONCE = 6

_read_project = reader(models.Project)
_read_items = reader(models.ProjectItems)
_read_option = reader(models.OptionPage)
_read_packages = reader(models.ServicePackages)
_read_client = reader(models.Client)
_read_users = reader(list[models.User])
_read_company = reader(models.Company)


class JetbuiltClient:
    """Typed access to one Jetbuilt company; raises errors of the tree only."""

    def __init__(self, transport: Transport, base_url: str) -> None:
        self._transport = transport
        self._base = Address.parse(base_url)

    def __repr__(self) -> str:
        return f"JetbuiltClient({self._transport!r})"

    async def projects_page(
        self,
        *,
        page: int = 1,
        updated_since: datetime | None = None,
        query: str | None = None,
    ) -> Page[models.ListedProject]:
        """One page of the active versions of all projects."""
        asked = {
            "query": query,
            "min_updated_at": clock.iso(updated_since) if updated_since is not None else None,
        }
        answer = await self._get("/projects", "/projects", listed.projects, _query(asked, page))
        return Page.read(answer.value, answer, number=page)

    async def project(self, project_id: int) -> models.Project:
        return (await self._get("/projects/{id}", f"/projects/{int(project_id)}", _read_project)).value

    async def items(self, project_id: int) -> models.ProjectItems:
        """All line items and factors; raises errors.Unsettled when they keep moving while they are read."""
        answers = await self._all(
            "/projects/{id}/items",
            f"/projects/{int(project_id)}/items",
            _read_items,
            rows=lambda page: page.line_items,
            same=lambda page: page.factors,
        )
        lines = [line for page in answers for line in page.line_items]
        return models.ProjectItems(line_items=lines, factors=answers[0].factors)

    async def options(self, project_id: int) -> list[models.ListedOption]:
        """Options and change orders, without their lines."""
        return await self._list(
            "/projects/{id}/options", f"/projects/{int(project_id)}/options", listed.options
        )

    async def option(self, project_id: int, option_id: int) -> models.Option:
        """One option with all its lines, factors and labor credits."""
        answers = await self._all(
            "/projects/{id}/options/{id}",
            f"/projects/{int(project_id)}/options/{int(option_id)}",
            _read_option,
            rows=lambda page: page.line_items,
            same=lambda page: (page.factors, page.labor_credits),
        )
        lines = [line for page in answers for line in page.line_items]
        return msgspec.structs.replace(answers[0].whole(), line_items=lines)

    async def service_packages(self, project_id: int) -> list[models.ServicePackage]:
        answers = await self._all(
            "/projects/{id}/service_packages",
            f"/projects/{int(project_id)}/service_packages",
            _read_packages,
            rows=lambda page: page.service_packages,
        )
        return [package for page in answers for package in page.service_packages]

    async def client(self, client_id: int) -> models.Client:
        return (await self._get("/clients/{id}", f"/clients/{int(client_id)}", _read_client)).value

    async def users(self) -> list[models.User]:
        """Active users; the only place where the e-mail of a project's owner is found."""
        return await self._list("/users", "/users", _read_users)

    async def company(self) -> models.Company:
        """The integrator with its offices."""
        return (await self._get("/company", "/company", _read_company)).value

    async def check_credentials(self) -> None:
        """Prove that the API key may read; raises AuthenticationRefused, PermissionRefused or another error of the tree."""
        await self.company()

    async def about(self) -> str:
        """The version of the API, which the vendor names in the media type."""
        return "API v1"

    async def _list(self, endpoint: str, path: str, decode: Reader[list[T]]) -> list[T]:
        pages_read = await self._all(endpoint, path, decode, rows=lambda page: page)
        return [row for page in pages_read for row in page]

    async def _all(
        self,
        endpoint: str,
        path: str,
        decode: Reader[Read],
        *,
        rows: Callable[[Read], Sequence[object]],
        same: Callable[[Read], object] = lambda _page: None,
    ) -> list[Read]:
        """Every page of a list that did not change meanwhile; `same` is what all pages repeat and must agree on."""
        for _ in range(_READINGS):
            answers = await self._once_through(endpoint, path, decode)
            read = [
                Page.read(list(rows(answer.value)), answer, number=number)
                for number, answer in enumerate(answers, start=1)
            ]
            keys = [_key(row) for page in read for row in page.items]
            agreed = all(same(answer.value) == same(answers[0].value) for answer in answers)
            if agreed and pages.complete(read, keys):
                return [answer.value for answer in answers]
        raise errors.Unsettled(
            f"A list in Jetbuilt kept changing while it was read ({endpoint})",
            detail=f"{_READINGS} times at {path}",
            remedy="No action needed: the worker reads it again a little later.",
        )

    async def _once_through(self, endpoint: str, path: str, decode: Reader[Read]) -> list[Answer[Read]]:
        """The first page, then those it announces, a few side by side, then whatever is still named as next."""
        first = await self._get(endpoint, path, decode)
        announced: Page[object] = Page.read([], first, number=1)
        answers = [first]
        answers += await concurrency.gather_limited(
            (
                self._get(endpoint, path, decode, _query({}, number))
                for number in range(2, announced.last_page + 1)
            ),
            limit=_AT_ONCE,
        )
        while (number := Page.read([], answers[-1], number=len(answers)).next_page) is not None:
            answers.append(await self._get(endpoint, path, decode, _query({}, number)))
        return answers

    async def _get(self, endpoint: str, path: str, decode: Reader[Read], query: str = "") -> Answer[Read]:
        return await self._transport.send(Request("GET", self._base, endpoint, path, decode, query))


def _key(row: object) -> Hashable:
    return getattr(row, "id", None)


def _query(parameters: dict[str, str | None], page: int) -> str:
    named = {"page": str(page) if page > 1 else None, **parameters}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in named.items() if value)


def session_headers(configured: JetbuiltSettings) -> dict[str, str]:
    """The default headers of a Jetbuilt session; they hold the API key, so do not log them."""
    key = configured.api_key.get_secret_value() if configured.api_key is not None else ""
    return {"Authorization": f"Token token={key}", "Accept": "application/vnd.jetbuilt.v1"}


@asynccontextmanager
async def open_client(
    configured: settings.Settings, limiter: Limits, transports: OpenTransport | None = None
) -> AsyncIterator[JetbuiltClient]:
    """A client by the settings (`settings.require_jetbuilt` has been asked), closed at the end; `transports` makes its transport."""
    async with open_session(headers=session_headers(configured.of(JetbuiltSettings))) as session:
        transport = (transports or Transport)(
            JETBUILT,
            session=session,
            limiter=limiter,
            bounds=Bounds(configured.http.timeout.total_seconds(), configured.http.max_response_bytes),
        )
        yield JetbuiltClient(transport, configured.of(JetbuiltSettings).url or "")
