"""Calls of one script that are made at one moment share a round trip, and share nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from redis import exceptions as redis_exceptions

from cwbridge import redis as redis_module
from cwbridge.lua import GroupedScript
from cwbridge.redis import Redis

# Counts the calls of a key and answers the argument; `bad` is an error.
SCRIPT = """
redis.call('INCR', KEYS[1])
if ARGV[1] == 'bad' then
  return redis.error_reply('ERR it is bad')
end
return ARGV[1]
"""
NAMES = [str(number) for number in range(8)]


def grouped(client: Redis) -> GroupedScript:
    return GroupedScript(client, client.register_script(SCRIPT))


async def answers(script: GroupedScript, namespace: str, names: Sequence[str]) -> list[object]:
    calls = (script([f"{namespace}:calls"], [name]) for name in names)
    return [
        answer.decode() if isinstance(answer, bytes) else answer
        for answer in await asyncio.gather(*calls, return_exceptions=True)
    ]


async def test_each_caller_gets_its_own_answer_although_one_call_fails(redis: Redis, namespace: str) -> None:
    script = grouped(redis)
    assert await answers(script, namespace, NAMES) == NAMES
    first, bad, last = await answers(script, namespace, ["1", "bad", "2"])
    assert (first, last) == ("1", "2")
    assert isinstance(bad, redis_exceptions.ResponseError)
    assert int(await redis.get(f"{namespace}:calls") or 0) == len(NAMES) + 3


async def test_calls_of_one_moment_share_a_connection(redis: Redis, redis_url: str, namespace: str) -> None:
    before = len(await redis.client_list())
    client = redis_module.connect(redis_url)
    try:
        assert await answers(grouped(client), namespace, NAMES) == NAMES
        assert len(await redis.client_list()) == before + 1
    finally:
        await client.aclose()


async def test_a_server_that_has_forgotten_the_script_learns_it_again(redis: Redis, namespace: str) -> None:
    script = grouped(redis)
    await answers(script, namespace, ["1"])
    await redis.script_flush()
    assert await answers(script, namespace, NAMES) == NAMES
    assert int(await redis.get(f"{namespace}:calls") or 0) == 1 + len(NAMES)


async def test_the_call_of_a_cancelled_caller_is_carried_out(redis: Redis, namespace: str) -> None:
    script = grouped(redis)
    callers = [asyncio.create_task(script([f"{namespace}:calls"], [name])) for name in ("1", "2")]
    await asyncio.sleep(0)
    callers[0].cancel()
    assert await callers[1] == b"2"
    assert callers[0].cancelled()
    assert int(await redis.get(f"{namespace}:calls") or 0) == 2


async def test_without_a_server_every_caller_is_told(tmp_path: object, namespace: str) -> None:
    client = redis_module.connect(f"unix://{tmp_path}/nothing.sock", patient=False)
    found = await answers(grouped(client), namespace, NAMES)
    assert all(isinstance(one, redis_exceptions.ConnectionError) for one in found)
    await client.aclose()
