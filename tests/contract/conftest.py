"""A scripted HTTP peer on loopback, byte for byte, and the sandbox over real HTTP with clients in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Literal

import msgspec
import pytest

from cwbridge import settings
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from sandbox import credentials
from sandbox.server import Options, Sandbox
from tests.support.configured import configured

Step = bytes | Literal["reset", "silence", "wait"]


class Seen(msgspec.Struct, frozen=True):
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def reply(
    status: int = 200, body: bytes | str = b"", headers: Mapping[str, str] | None = None, *, announce: int = 0
) -> bytes:
    """A raw answer; `announce` claims a longer body than there is."""
    content = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": "application/json", "Content-Length": str(max(announce, len(content)))}
    lines = [
        f"HTTP/1.1 {status} X",
        *(f"{name}: {value}" for name, value in (fields | dict(headers or {})).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Peer:
    """Answers each request with the next step of its script: raw bytes, `reset` or `silence`.

    A request beyond the script is answered 418, so that one call too many is seen, unless `otherwise` says more. Raw bytes that hold less than they
    announce are followed by a close.
    """

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.connections = 0
        self.arrived = asyncio.Event()
        self.go_on = asyncio.Event()
        self.otherwise: Callable[[Seen], bytes] = lambda _seen: reply(418)
        self._script: list[Step | Callable[[Seen], bytes]] = []

    reply = staticmethod(reply)

    def will(self, *steps: Step | Callable[[Seen], bytes]) -> None:
        self._script.extend(steps)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _request(reader)) is not None:
                self.seen.append(request)
                self.arrived.set()
                step = self._next(request)
                if step == "wait":
                    await self.go_on.wait()
                    step = self._next(request)
                if isinstance(step, str):
                    await reader.read() if step == "silence" else writer.transport.abort()
                    return
                writer.write(step)
                await writer.drain()
                if not _whole(step):
                    return
        finally:
            writer.close()

    def _next(self, request: Seen) -> Step:
        step = self._script.pop(0) if self._script else self.otherwise
        return step(request) if callable(step) else step


def _whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    return int(length.split(b":")[1]) == len(body)


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head[1:] if line)
    }
    return Seen(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    scripted = Peer()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    scripted.url = f"http://{host}:{port}"
    yield scripted
    server.close()


@pytest.fixture(name="reply")
def reply_fixture() -> Callable[..., bytes]:
    return reply


def unlimited(system: str) -> Limiter:
    return Limiter(None, namespace="t", system=system, rate=Rate(0), concurrency=8)


class House:
    """The sandbox with a client of each system in front of it."""

    def __init__(
        self,
        box: Sandbox,
        jetbuilt_client: jetbuilt.JetbuiltClient,
        connectwise_client: connectwise.ConnectWiseClient,
    ) -> None:
        self.box = box
        self.jetbuilt = jetbuilt_client
        self.connectwise = connectwise_client


@pytest.fixture
async def open_house() -> AsyncIterator[Callable[..., Awaitable[House]]]:
    """Open a sandbox and clients; `changed` are settings beside the addresses and keys."""
    async with AsyncExitStack() as stack:

        async def opened(**changed: object) -> House:
            box = await stack.enter_async_context(Sandbox(Options(projects=6, limits=False)))
            chosen = house_settings(box, **changed)
            return House(
                box,
                await stack.enter_async_context(jetbuilt.open_client(chosen, unlimited("jetbuilt"))),
                await stack.enter_async_context(connectwise.open_client(chosen, unlimited("connectwise"))),
            )

        yield opened


@pytest.fixture
async def house(open_house: Callable[..., Awaitable[House]]) -> House:
    return await open_house()


def house_settings(box: Sandbox, **changed: object) -> settings.Settings:
    return configured(
        **{
            "jetbuilt": {"url": box.jetbuilt_url, "api_key": credentials.JETBUILT_API_KEY},
            "connectwise": {
                "url": box.connectwise_url,
                "company_id": credentials.CONNECTWISE_COMPANY_ID,
                "public_key": credentials.CONNECTWISE_PUBLIC_KEY,
                "private_key": credentials.CONNECTWISE_PRIVATE_KEY,
                "client_id": credentials.CONNECTWISE_CLIENT_ID,
            },
            **changed,
        }
    )
