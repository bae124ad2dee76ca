"""A real Redis for every test that asks for one: a server per test process, a namespace per test."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from cwbridge import redis as redis_module
from cwbridge.embedded_redis import EmbeddedRedis
from tests.support import commands

# Time on a shared machine says nothing; and continuous integration repeats the same examples, so that a red run is about the
# change. New examples are searched for on every other run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state_dir: Path = tmp_path_factory.mktemp("state")
    server = EmbeddedRedis(state_dir)
    with asyncio.Runner() as runner:
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="session", autouse=True)
def _command_server() -> Iterator[None]:
    """The process that commands are forked from ends with the tests, if one of them has started it."""
    yield
    commands.SERVER.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[redis_module.Redis]:
    client = redis_module.connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def namespace() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first."""
    items.sort(key=lambda item: item.get_closest_marker("tens_of_seconds") is None)
