"""The status page of a test over real HTTP: served as the producers serve it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
import msgspec

from console import page
from cwbridge import web
from cwbridge.redis import Redis
from cwbridge.settings import Settings


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


class Served:
    """The pages at an address; a session keeps cookies as a browser does."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def get(self, path: str = "/", **headers: str) -> Answer:
        """The answer to GET; a header `Sec-Fetch-Site` is given as `Sec_Fetch_Site`."""
        async with self.session.get(
            self.url + path, headers=_named(headers), allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        """The answer to a form."""
        async with self.session.post(
            self.url + path, data=dict(form), headers=_named(headers), allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.text())


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextlib.asynccontextmanager
async def served(settings: Settings, redis: Redis) -> AsyncIterator[Served]:
    """Serve the pages of these settings on a free port of this machine."""

    async def nothing_to_refresh() -> None:
        return None

    install = page.installer(settings)(redis)
    async with (
        web.serve("127.0.0.1:0", redis, nothing_to_refresh, install=install) as url,
        opened_at(url) as pages,
    ):
        yield pages


@contextlib.asynccontextmanager
async def opened_at(url: str) -> AsyncIterator[Served]:
    """The pages that are served at `url`."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Served(url, session)
