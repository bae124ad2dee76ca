"""A bench: both stand-ins in this process over real HTTP, a namespace of its own in a real Redis, and settings for both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from console import services
from console import sync as sync_command
from cwbridge.ledger.history import Event, History
from cwbridge.queue.job import Job
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from sandbox import credentials
from sandbox.server import Options, Sandbox
from sandbox.world import World
from tests.support import expected
from tests.support.books import Books
from tests.support.configured import configured
from tests.support.expected import Expected
from tests.support.jetbuilt import Jetbuilt

Changes = Mapping[str, Mapping[str, Any]]
_QUICK: Changes = {
    "jetbuilt": {"rate_limit": "off", "concurrency": 16},
    "connectwise": {"rate_limit": "off", "concurrency": 16},
    "queue": {"debounce": "0ms", "backoff_base": "1ms", "backoff_max": "1ms"},
    "http": {"listen": "127.0.0.1:0"},
}


class Bench:
    """What a test of the whole path works with; `changes` are settings by section and name."""

    def __init__(
        self, box: Sandbox, redis: Redis, redis_url: str, namespace: str, jetbuilt: Jetbuilt
    ) -> None:
        self.box = box
        self.books = Books(box.connectwise)
        self.jetbuilt = jetbuilt
        self.redis = redis
        self.redis_url = redis_url
        self.namespace = namespace
        self.changes: Changes = {}
        self._read: tuple[dict[str, Any], Settings] | None = None

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        redis: Redis,
        redis_url: str,
        namespace: str,
        options: Options,
        *,
        world: World | None = None,
        kind: type[Sandbox] = Sandbox,
    ) -> AsyncIterator[Self]:
        async with kind(options, world=world) as box, Jetbuilt.at(box.jetbuilt_url) as jetbuilt:
            yield cls(box, redis, redis_url, namespace, jetbuilt)

    def settings(self) -> Settings:
        """The settings of `sections`, read again when something has changed: a test that waits asks for them often."""
        given = {**self.sections(), "namespace": self.namespace}
        if self._read is None or self._read[0] != given:
            self._read = given, configured(**given)
        return self._read[1]

    def sections(self) -> dict[str, Any]:
        """Every setting that is not left at its default, by section."""
        sections: dict[str, dict[str, Any]] = {
            "redis": {"url": self.redis_url},
            "jetbuilt": {"url": self.box.jetbuilt_url, "api_key": credentials.JETBUILT_API_KEY},
            "connectwise": {
                "url": self.box.connectwise_url,
                "company_id": credentials.CONNECTWISE_COMPANY_ID,
                "public_key": credentials.CONNECTWISE_PUBLIC_KEY,
                "private_key": credentials.CONNECTWISE_PRIVATE_KEY,
                "client_id": credentials.CONNECTWISE_CLIENT_ID,
                "default_sales_rep": self.default_rep["identifier"],
            },
        }
        for changes in (_QUICK, self.changes):
            for section, values in changes.items():
                sections.setdefault(section, {}).update(values)
        return sections

    def environment(self, **others: str) -> dict[str, str]:
        """The same settings as environment variables."""
        named = {
            f"CWBRIDGE_{section}__{name}".upper(): json.dumps(value)
            if isinstance(value, (dict, list))
            else str(value)
            for section, values in self.sections().items()
            for name, value in values.items()
            if value is not None
        }
        return {"CWBRIDGE_NAMESPACE": self.namespace, **named, **others}

    @property
    def default_rep(self) -> dict[str, Any]:
        members = self.books.rows("system/members")
        return next(row for row in members if row["licenseClass"] != "A" and not row["inactiveFlag"])

    @property
    def queue(self) -> Queue:
        settings = self.settings()
        return Queue(self.redis, namespace=self.namespace, settings=settings.queue)

    async def sync(self, *keys: str, full: bool = False) -> sync_command.Summary:
        """One pass in this process."""
        async with asyncio.timeout(60):
            return await sync_command.one_pass(
                self.settings(),
                self.redis,
                asyncio.Event(),
                flows=services.switched_on(self.settings()),
                keys=keys,
                full=full,
                show=False,
            )

    async def settled(self, *keys: str, full: bool = False) -> sync_command.Summary:
        """One pass that must settle everything."""
        summary = await self.sync(*keys, full=full)
        assert summary.unsettled == []
        return summary

    async def expected(self) -> dict[str, Expected]:
        return await expected.of_all(self.jetbuilt)

    async def job(self, key: str) -> Job | None:
        return await self.queue.job(key)

    async def history(self, key: str) -> list[Event]:
        return await History(self.redis, namespace=self.namespace).of(key)

    @property
    def writes(self) -> int:
        """How many changes ConnectWise has accepted."""
        return len(self.box.connectwise.writes)

    def families(self) -> list[int]:
        """The families of the active projects, in the order of the list."""
        return [project.family_id for project in self.box.world.active_projects]

    def active(self, family: int) -> int:
        """The id of the active version of a family."""
        records = self.box.jetbuilt.projects.listed
        return next(record.id for record in records if record.project.family_id == family)

    def forget_calls(self) -> None:
        self.box.jetbuilt_calls.clear()
        self.box.connectwise_calls.clear()
