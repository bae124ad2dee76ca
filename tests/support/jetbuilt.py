"""Jetbuilt as a sales person and a second opinion use it: plain HTTP, plain JSON, nothing of our own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Self

import aiohttp
import msgspec

from sandbox import credentials

Json = dict[str, Any]
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class Jetbuilt:
    """The API over one session; any answer but a good one fails the test."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    @classmethod
    @asynccontextmanager
    async def at(cls, base: str) -> AsyncIterator[Self]:
        headers = {"Authorization": f"Token token={credentials.JETBUILT_API_KEY}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield cls(session, base)

    async def get(self, path: str) -> Any:
        return await self._call("GET", path)

    async def post(self, path: str, **fields: Any) -> Any:
        return await self._call("POST", path, fields)

    async def patch(self, path: str, **fields: Any) -> Any:
        return await self._call("PATCH", path, fields)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path)

    async def projects(self) -> list[Json]:
        """Every active version, complete."""
        return [await self.get(f"/projects/{row['id']}") for row in await self._pages("/projects")]

    async def items(self, project: int) -> Json:
        """All pages of the line items of a project, and its factors."""
        pages = await self._numbered(f"/projects/{project}/items")
        return {
            "line_items": [line for page in pages for line in page["line_items"]],
            "factors": pages[0]["factors"],
        }

    async def packages(self, project: int) -> list[Json]:
        pages = await self._numbered(f"/projects/{project}/service_packages")
        return [package for page in pages for package in page["service_packages"]]

    async def options(self, project: int) -> list[Json]:
        """Every option and change order, with all its lines."""
        listed = await self._pages(f"/projects/{project}/options")
        return [await self._option(project, row["id"]) for row in listed]

    async def first_line(self, project: int) -> Json:
        """The first physical line outside options that the client pays for."""
        items = await self.items(project)
        line: Json = next(
            item
            for item in items["line_items"]
            if item["kind"] == "physical" and item["option"] is None and not item["owner_furnished"]
        )
        return line

    async def add_a_piece(self, project: int, line: int | None = None) -> Json:
        """What a sales person does all day: one more of a line; answers the line as it is then."""
        if line is None:
            line = (await self.first_line(project))["id"]
        known = next(row for row in (await self.items(project))["line_items"] if row["id"] == line)
        more = str(Decimal(known["quantity_per_room"]) + 1)
        changed: Json = await self.patch(f"/projects/{project}/items/{line}", quantity_per_room=more)
        return changed

    async def _option(self, project: int, option: int) -> Json:
        pages = await self._numbered(f"/projects/{project}/options/{option}")
        return {**pages[0], "line_items": [line for page in pages for line in page["line_items"]]}

    async def _pages(self, path: str) -> list[Json]:
        return [row for page in await self._numbered(path) for row in page]

    async def _numbered(self, path: str) -> list[Any]:
        pages: list[Any] = []
        while True:
            number = len(pages) + 1
            async with self._session.get(f"{self._base}{path}?page={number}") as answer:
                assert answer.status == 200, await answer.text()
                pages.append(_decoder.decode(await answer.read()))
                if 'rel="next"' not in answer.headers.get("Link", ""):
                    return pages

    async def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        async with self._session.request(method, self._base + path, json=body) as answer:
            assert answer.status < 300, f"{method} {path}: {answer.status} {await answer.text()}"
            text = await answer.read()
            return _decoder.decode(text) if text else None
