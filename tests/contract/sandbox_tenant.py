"""A ConnectWise stand-in over real HTTP with a caller that knows its keys."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import lru_cache
from typing import Any

import aiohttp
import msgspec

from sandbox import credentials
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.server import Options, Sandbox
from sandbox.world import World, build


def keys(company: str, public: str, private: str) -> dict[str, str]:
    """Return the header that carries the keys."""
    return {"Authorization": "Basic " + b64encode(f"{company}+{public}:{private}".encode()).decode()}


KEYS = keys(
    credentials.CONNECTWISE_COMPANY_ID,
    credentials.CONNECTWISE_PUBLIC_KEY,
    credentials.CONNECTWISE_PRIVATE_KEY,
)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Answer(msgspec.Struct):
    status: int
    value: Any
    headers: Any
    text: str

    @property
    def inner(self) -> tuple[str, str]:
        """The code and the field of the first inner error."""
        return self.value["errors"][0]["code"], self.value["errors"][0]["field"]


class Tenant:
    def __init__(self, box: Sandbox, session: aiohttp.ClientSession) -> None:
        self.box = box
        self.session = session
        self.backoff_base = f"{box.connectwise_url}/v2025_1/apis/3.0"

    @property
    def store(self) -> ConnectWiseStore:
        return self.box.connectwise

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Make one call; `body` is JSON text or what becomes it, `headers` and query parameters are keywords."""
        headers = more.pop("headers", {})
        data = body if isinstance(body, str | None) else _ENCODER.encode(body)
        headers = {"Content-Type": "application/json", **headers} if data is not None else headers
        address = path if path.startswith("http") else self.backoff_base + path
        async with self.session.request(method, address, params=more, data=data, headers=headers) as got:
            text = await got.text()
            is_json = got.content_type == "application/json" and text
            return Answer(got.status, _DECODER.decode(text) if is_json else None, got.headers, text)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.call("GET", path, **query)
        assert answer.status == 200, answer.text
        return answer.value

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.call("POST", path, body)
        assert answer.status == 201, answer.text
        return answer.value

    async def patch(self, path: str, **values: Any) -> Answer:
        return await self.call(
            "PATCH", path, [{"op": "replace", "path": f"/{name}", "value": v} for name, v in values.items()]
        )

    async def company(self, identifier: str = "ACME", **more: Any) -> Any:
        body = {"name": f"{identifier} Ltd", "site": {"name": "Main"}, **more}
        return await self.post("/company/companies", identifier=identifier, **body)

    async def opportunity(self, name: str = "Boardroom", **more: Any) -> Any:
        known = self.store.table("company/companies").find("identifier", "ACME")
        company = known[0] if known else await self.company()
        contact = await self.post(
            "/company/contacts", firstName="Ann", company={"id": company["id"]}, ignoreDuplicates=True
        )
        return await self.post(
            "/sales/opportunities",
            name=name,
            primarySalesRep={"id": 1},
            company={"id": company["id"]},
            contact={"id": contact["id"]},
            **more,
        )

    async def catalog_item(self, identifier: str = "MX-1", **more: Any) -> Any:
        return await self.post(
            "/procurement/catalog",
            identifier=identifier,
            description="Microphone",
            customerDescription="A microphone",
            subcategory={"id": 1},
            type={"id": 1},
            **more,
        )


@lru_cache(maxsize=1)
def small_world() -> World:
    return build(seed=7, projects=1)


@asynccontextmanager
async def open_tenant() -> AsyncIterator[Tenant]:
    async with (
        Sandbox(Options(limits=False), world=small_world()) as box,
        aiohttp.ClientSession(headers={**KEYS, "clientId": credentials.CONNECTWISE_CLIENT_ID}) as session,
    ):
        yield Tenant(box, session)
