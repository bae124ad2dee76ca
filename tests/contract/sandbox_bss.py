"""A BSS stand-in over real HTTP with a caller that knows its credentials."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from sandbox import credentials
from sandbox.bss.store import BssStore
from sandbox.server import Options, Sandbox
from tests.contract.sandbox_tenant import Answer, small_world

USER = {
    "grant_type": "password",
    "username": credentials.BSS_USERNAME,
    "password": credentials.BSS_PASSWORD,
}


def basic(key: str = credentials.BSS_CLIENT_KEY, secret: str = credentials.BSS_CLIENT_SECRET) -> str:
    """Return the header value that carries client key and secret."""
    return "Basic " + b64encode(f"{key}:{secret}".encode()).decode()


class Bss:
    """A caller with a token; `call` sends the version header unless told otherwise."""

    def __init__(self, box: Sandbox, session: aiohttp.ClientSession) -> None:
        self.box = box
        self.session = session
        self.token = ""

    @property
    def store(self) -> BssStore:
        return self.box.bss

    async def log_in(self) -> None:
        answer = await self.grant(USER)
        assert answer.status == 200, answer.text
        self.token = answer.value["access_token"]

    async def grant(self, form: Any, *, client: str | None = None) -> Answer:
        headers = {"Authorization": basic() if client is None else client}
        return await self._send("POST", self.box.bss_url + "/oauth/token", headers=headers, data=form)

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Make one call; `headers` are added, `query` are the query parameters."""
        usual = {"Authorization": f"Bearer {self.token}", "X-Api-Version": "3"}
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        content = {"Content-Type": "application/json"} if data is not None else {}
        headers = usual | content | more.get("headers", {})
        address = path if path.startswith("http") else self.box.bss_url + path
        return await self._send(
            method,
            address,
            headers={name: value for name, value in headers.items() if value is not None},
            data=data,
            params=more.get("query"),
        )

    async def _send(self, method: str, address: str, **more: Any) -> Answer:
        async with self.session.request(method, address, **more) as got:
            text = await got.text()
            return Answer(got.status, msgspec.json.decode(text) if text else None, got.headers, text)

    async def get(self, path: str, **query: Any) -> Any:
        """Get one object; keywords are query parameters, `filter` and `orderby` without their dollar sign."""
        named = {f"${name}" if name in ("filter", "orderby") else name: v for name, v in query.items()}
        answer = await self.call("GET", path, query=named)
        assert answer.status == 200, answer.text
        return answer.value

    async def rows(self, collection: str, **query: Any) -> list[Any]:
        """Get the rows of one page."""
        found: list[Any] = (await self.get(f"/api/{collection}", **query))["data"]
        return found

    async def patch(self, path: str, **values: Any) -> Answer:
        """Replace values by their paths, `address__city` for /address/city."""
        operations = [
            {"op": "replace", "path": f"/{name.replace('__', '/')}", "value": value}
            for name, value in values.items()
        ]
        return await self.call("PATCH", path, operations)

    async def control(self, method: str, path: str, body: Any = None) -> Answer:
        key = {"X-Sandbox-Key": credentials.CONTROL_KEY}
        return await self.call(method, f"/__sandbox__/{path}", body, headers=key)


@asynccontextmanager
async def open_bss() -> AsyncIterator[Bss]:
    async with (
        Sandbox(Options(limits=False), world=small_world()) as box,
        aiohttp.ClientSession() as session,
    ):
        caller = Bss(box, session)
        await caller.log_in()
        yield caller
