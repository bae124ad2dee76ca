"""The embedded Redis server ends by itself, with its data safe, when its last user was killed, and never under a user."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from cwbridge import embedded_redis, embedded_redis_guardian, errors
from cwbridge import redis as redis_module
from cwbridge.embedded_redis import EmbeddedRedis
from cwbridge.redis import Redis
from tests.support.embedded import guardians_of, lives, nothing_runs, server_lives, server_of
from tests.support.until import until

UNUSED_SECONDS = 0.4
LOCKS = Path("/proc/locks")
_JOIN_AND_STAY = f"""
import asyncio, sys
from pathlib import Path
from cwbridge.embedded_redis import EmbeddedRedis

async def main():
    async with EmbeddedRedis(Path(sys.argv[1]), unused_seconds={UNUSED_SECONDS}) as url:
        print(url, flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""

_WRITE_FOR_LONG = """
redis.call('SET', 'written', 'yes')
local started = redis.call('TIME')[1]
while redis.call('TIME')[1] - started < 3 do end
"""


@contextlib.asynccontextmanager
async def user(state_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that uses the server of `state_dir` until it is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _JOIN_AND_STAY, str(state_dir), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).startswith(b"unix://")
        yield process
    finally:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def client_of(url: str) -> Redis:
    return redis_module.connect(url, patient=False)


async def test_the_server_ends_with_all_its_data_when_its_last_user_is_killed(tmp_path: Path) -> None:
    async with user(tmp_path) as last:
        server = server_of(tmp_path)
        client = client_of(EmbeddedRedis(tmp_path).url)
        await client.set("kept", "yes")
        await client.aclose()
        await kill(last)
        await nothing_runs(tmp_path, server=server)
    log = (tmp_path / "redis" / "redis.log").read_text()
    assert "no command uses the server any more" in log
    assert "ready to exit, bye bye" in log
    async with EmbeddedRedis(tmp_path) as url:
        client = client_of(url)
        assert await client.get("kept") == b"yes"
        await client.aclose()


async def test_a_user_that_was_killed_is_no_reason_while_another_one_stays(tmp_path: Path) -> None:
    async with user(tmp_path) as starter, user(tmp_path) as other:
        server = server_of(tmp_path)
        client = client_of(EmbeddedRedis(tmp_path).url)
        await kill(starter)
        (guardian,) = guardians_of(tmp_path)
        looked = psutil.Process(guardian).num_ctx_switches().voluntary
        await until(
            lambda: psutil.Process(guardian).num_ctx_switches().voluntary > looked + 10,
            what="the guardian has looked several times",
        )
        assert await client.ping()
        assert server_of(tmp_path) == server
        await client.aclose()
        await kill(other)
        await nothing_runs(tmp_path, server=server)


async def test_a_killed_guardian_is_replaced_by_the_users_that_stay(tmp_path: Path) -> None:
    async with user(tmp_path) as last:
        server = server_of(tmp_path)
        (first,) = guardians_of(tmp_path)
        os.kill(first, signal.SIGKILL)
        await until(
            lambda: set(guardians_of(tmp_path)) - {first}, what="the user has started another guardian"
        )
        await kill(last)
        await nothing_runs(tmp_path, server=server)


async def test_a_server_without_guardian_gets_one_from_the_next_user(tmp_path: Path) -> None:
    async with user(tmp_path) as starter:
        server = server_of(tmp_path)
        (guardian,) = guardians_of(tmp_path)
        await kill(starter)
        os.kill(guardian, signal.SIGKILL)
    async with user(tmp_path) as last:
        assert server_of(tmp_path) == server
        assert len(guardians_of(tmp_path)) == 1
        await kill(last)
        await nothing_runs(tmp_path, server=server)


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.04, 0.06, 0.08])
async def test_a_starter_that_is_killed_during_the_start_leaves_nothing_behind(
    tmp_path: Path, seconds: float
) -> None:
    """Killed before the guardian runs, between guardian and server, and before the server answers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _JOIN_AND_STAY, str(tmp_path), stdout=asyncio.subprocess.DEVNULL
    )
    begun = tmp_path / "redis" / embedded_redis_guardian.GATE
    await until(begun.exists, what="it begins")
    await asyncio.sleep(seconds)
    await kill(process)
    await until(lambda: not guardians_of(tmp_path), what="the guardian has ended")
    await until(lambda: not server_lives(tmp_path), what="the server has ended")


async def test_the_guardian_ends_with_a_server_that_was_killed(tmp_path: Path) -> None:
    async with user(tmp_path):
        assert len(guardians_of(tmp_path)) == 1
        os.kill(server_of(tmp_path), signal.SIGKILL)
        await until(lambda: not guardians_of(tmp_path), what="its guardian has ended")


async def test_users_that_come_while_the_guardian_stops_the_server_find_a_server_and_all_data(
    tmp_path: Path,
) -> None:
    """With no time at all between the last user and the end, every user meets the guardian at work."""
    for round_ in range(40):
        server = EmbeddedRedis(tmp_path, unused_seconds=0.02)
        client = client_of(await server.__aenter__())
        for before in range(round_):
            assert await client.get(f"round {before}") == b"kept"
        await client.set(f"round {round_}", "kept")
        await client.aclose()
        leave_as_if_killed(server)
        await asyncio.sleep(0.005 * (round_ % 8))
    await until(lambda: not guardians_of(tmp_path), what="the guardian has ended")
    assert not (tmp_path / "redis" / "redis.pid").exists()


@pytest.mark.skipif(not LOCKS.exists(), reason="this system does not list who waits for a lock")
async def test_the_guardian_waits_for_a_command_that_is_about_to_join(tmp_path: Path) -> None:
    last = EmbeddedRedis(tmp_path, unused_seconds=UNUSED_SECONDS)
    client = client_of(await last.__aenter__())
    server, (guardian,) = server_of(tmp_path), guardians_of(tmp_path)

    async def is_guarded() -> bool:
        return bool((await client.info("clients"))["connected_clients"] == 2)

    def waits() -> bool:
        return f"-> FLOCK  ADVISORY  WRITE {guardian} " in LOCKS.read_text()

    await until(is_guarded, what="the guardian has connected")
    async with EmbeddedRedis(tmp_path)._one_at_a_time():
        leave_as_if_killed(last)
        await until(lambda: waits() or not lives(server), what="the guardian has looked for users")
        assert await client.ping()
    async with EmbeddedRedis(tmp_path):
        assert server_of(tmp_path) == server
    await client.aclose()


def leave_as_if_killed(server: EmbeddedRedis) -> None:
    """All that the death of a process does to the lock files."""
    assert server._membership is not None
    assert server._watch is not None
    os.close(server._membership)
    server._watch.cancel()


async def test_a_server_that_hangs_is_never_joined_by_a_second_one_on_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EmbeddedRedis(tmp_path) as url:
        server = server_of(tmp_path)
        monkeypatch.setattr(embedded_redis, "_LONGEST_START_SECONDS", 0.3)
        os.kill(server, signal.SIGSTOP)
        try:
            with pytest.raises(errors.StoreUnavailable, match="does not answer"):
                await EmbeddedRedis(tmp_path).__aenter__()
        finally:
            os.kill(server, signal.SIGCONT)
        client = client_of(url)
        assert (await client.info("server"))["process_id"] == server
        await client.aclose()
        monkeypatch.undo()


async def test_a_server_that_refuses_to_stop_is_asked_again(tmp_path: Path) -> None:
    """While a script that has written something runs for long, Redis refuses to stop."""
    async with user(tmp_path) as last:
        server = server_of(tmp_path)
        client = client_of(EmbeddedRedis(tmp_path).url)
        await client.config_set("busy-reply-threshold", 10)
        script = asyncio.ensure_future(redis_module.reply(client.eval(_WRITE_FOR_LONG, 0)))
        await kill(last)
        log = tmp_path / "redis" / "redis.log"
        await until(lambda: log.read_text().count("stopping it") > 1, what="it is asked a second time")
        await asyncio.gather(script, return_exceptions=True)
        await client.aclose()
        await nothing_runs(tmp_path, server=server)
    async with EmbeddedRedis(tmp_path) as url:
        client = client_of(url)
        assert await client.get("written") == b"yes"
        await client.aclose()
