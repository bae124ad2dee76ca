"""Which bridge a command talks about: the one of this folder or these settings, never one it started itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cwbridge import redis as redis_module
from cwbridge.embedded_redis import EmbeddedRedis
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.settings import QueueSettings
from tests.support.jobs import Command, key


@pytest.fixture(autouse=True)
def _no_redis_named(cwbridge: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CWBRIDGE_REDIS__URL")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["links", "list"],
        ["jobs", "list"],
        ["jobs", "list", "--each", "--json"],
        ["jobs", "show", key(1)],
        ["jobs", "requeue", key(1)],
        ["jobs", "archive", "--all"],
        ["jobs", "hold", key(1)],
        ["jobs", "release", "--all", "--dry-run"],
    ],
)
def test_a_folder_where_no_bridge_has_worked_is_not_said_to_be_settled(
    cwbridge: Command, tmp_path: Path, arguments: list[str]
) -> None:
    ended = cwbridge(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "CWBRIDGE_REDIS__URL" in ended.err
    assert str(tmp_path / ".state") in ended.err
    assert list(tmp_path.iterdir()) == []


def test_what_an_embedded_server_has_kept_is_read_while_no_bridge_runs(
    cwbridge: Command, tmp_path: Path, namespace: str
) -> None:
    async def enqueue() -> None:
        async with EmbeddedRedis(tmp_path / ".state") as url:
            client = redis_module.connect(url)
            await Queue(client, namespace=namespace, settings=QueueSettings()).enqueue(
                Enqueue(key(1), "opportunity")
            )
            await client.aclose()

    asyncio.run(enqueue())
    (listed,) = cwbridge("jobs", "list", "--each", "--json").json
    assert listed["key"] == key(1)
