"""The embedded Redis server: durable, shared, gone with its last user, and clear when it cannot run."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from cwbridge import embedded_redis, errors
from cwbridge import redis as redis_module
from cwbridge.embedded_redis import EmbeddedRedis
from cwbridge.redis import Redis

_JOIN_AND_WAIT = """
import asyncio, sys
from pathlib import Path
from cwbridge.embedded_redis import EmbeddedRedis

async def main():
    async with EmbeddedRedis(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


async def command(state_dir: Path) -> asyncio.subprocess.Process:
    """Another command with the same state directory, which leaves when its input ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _JOIN_AND_WAIT,
        str(state_dir),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"unix://")
    return process


def client_of(url: str) -> Redis:
    return redis_module.connect(url, patient=False)


async def server_id(client: Redis) -> str:
    return str((await client.info("server"))["run_id"])


async def test_it_is_durable_private_and_without_a_port(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path) as url:
        client = client_of(url)
        await client.set("kept", "yes")
        durability = await redis_module.check(client, name="the embedded server")
        assert durability.warnings == []
        assert durability.policy == "noeviction"
        assert (await client.config_get("port"))["port"] == "0"
        assert (await client.config_get("appendfsync"))["appendfsync"] == "everysec"
        assert (tmp_path / "redis" / "redis.log").is_file()
        assert stat.S_IMODE((tmp_path / "redis" / "redis.sock").stat().st_mode) == 0o700
        await client.aclose()
    async with EmbeddedRedis(tmp_path) as url:
        client = client_of(url)
        assert await client.get("kept") == b"yes"
        await client.aclose()


async def test_it_exists_once_it_runs_or_has_kept_something(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "state")
    assert not await server.exists()
    assert not (tmp_path / "state").exists()
    async with server:
        assert await EmbeddedRedis(tmp_path / "state").exists()
    assert not await server.exists()
    async with server as url:
        client = client_of(url)
        await client.set("kept", "yes")
        await client.aclose()
    assert await server.exists()


async def test_it_stops_with_its_last_user_whichever_process_started_it(tmp_path: Path) -> None:
    starter, other = EmbeddedRedis(tmp_path), EmbeddedRedis(tmp_path)
    url = await starter.__aenter__()
    assert await other.__aenter__() == url
    client = client_of(url)
    await starter.__aexit__(None, None, None)
    assert await client.ping()
    await other.__aexit__(None, None, None)
    with pytest.raises(RedisConnectionError):
        await client.ping()
    await client.aclose()
    assert not (tmp_path / "redis" / "redis.pid").exists()


async def test_many_who_come_at_once_share_one_server(tmp_path: Path) -> None:
    servers = [EmbeddedRedis(tmp_path) for _ in range(8)]
    urls = await asyncio.gather(*(server.__aenter__() for server in servers))
    assert len(set(urls)) == 1
    started = (tmp_path / "redis" / "redis.log").read_text().count("is starting oO0")
    await asyncio.gather(*(server.__aexit__(None, None, None) for server in servers))
    assert started == 1


async def test_a_server_whose_starter_was_killed_is_adopted(tmp_path: Path) -> None:
    starter = await command(tmp_path)
    os.kill(starter.pid, signal.SIGKILL)
    await starter.communicate()
    orphan = client_of(EmbeddedRedis(tmp_path).url)
    before = await server_id(orphan)
    async with EmbeddedRedis(tmp_path):
        assert await server_id(orphan) == before
    with pytest.raises(RedisConnectionError):
        await orphan.ping()
    await orphan.aclose()


async def test_commands_join_and_leave_in_any_order(tmp_path: Path) -> None:
    first = await command(tmp_path)
    async with EmbeddedRedis(tmp_path) as url:
        await first.communicate(b"")
        client = client_of(url)
        assert await client.ping()
        await client.aclose()


async def test_data_survives_a_kill_of_the_server_itself(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    client = client_of(await server.__aenter__())
    await client.config_set("appendfsync", "always")
    await client.set("kept", "yes")
    os.kill(int((tmp_path / "redis" / "redis.pid").read_text()), signal.SIGKILL)
    await server.__aexit__(None, None, None)
    async with EmbeddedRedis(tmp_path):
        assert await client.get("kept") == b"yes"
    await client.aclose()


async def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    async with EmbeddedRedis(deep) as url:
        socket = Path(url.removeprefix("unix://"))
        assert len(os.fsencode(socket)) <= 100
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert (deep / "redis" / "appendonlydir").is_dir()
    socket.parent.rmdir()


async def test_a_path_with_odd_letters_is_no_obstacle(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path / "Büro 50%?#") as url:
        client = client_of(url)
        assert await client.ping()
        await client.aclose()


async def test_a_directory_that_cannot_be_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(errors.StoreUnavailable) as caught:
        await EmbeddedRedis(tmp_path / "file").__aenter__()
    assert str(tmp_path / "file") in caught.value.cause
    assert "CWBRIDGE_STATE_DIR" in caught.value.remedy
    assert "CWBRIDGE_REDIS__URL" in caught.value.remedy


async def test_a_binary_that_does_not_run_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("no program")
    monkeypatch.setattr(embedded_redis, "server_binary", lambda: str(broken))
    with pytest.raises(errors.StoreUnavailable) as caught:
        await EmbeddedRedis(tmp_path / "state").__aenter__()
    assert str(broken) in caught.value.cause
    assert "CWBRIDGE_REDIS__URL" in caught.value.remedy


async def test_a_server_on_the_path_serves_where_the_platform_has_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = embedded_redis.server_binary()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.StoreUnavailable) as caught:
        await EmbeddedRedis(tmp_path / "state").__aenter__()
    assert "PATH" in caught.value.cause
    assert "CWBRIDGE_REDIS__URL" in caught.value.remedy
    (tmp_path / "redis-server").symlink_to(installed)
    async with EmbeddedRedis(tmp_path / "state") as url:
        client = client_of(url)
        assert str(tmp_path) in (await client.info("server"))["executable"]
        await client.aclose()


async def test_data_that_cannot_be_read_is_reported_at_once(tmp_path: Path) -> None:
    home = tmp_path / "redis"
    home.mkdir()
    (home / "appendonly.aof").write_text("this is no append only file\n")
    with pytest.raises(errors.StoreUnavailable) as caught:
        async with asyncio.timeout(5):
            await EmbeddedRedis(tmp_path).__aenter__()
    assert "append only file" in caught.value.cause
