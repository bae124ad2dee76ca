"""Locks over processes."""

from __future__ import annotations

import asyncio

import pytest

from cwbridge import errors
from cwbridge.locks import Locks
from cwbridge.redis import Redis


async def test_one_holder_at_a_time(redis: Redis, namespace: str) -> None:
    inside, limit, done = 0, 0, 0

    async def create(locks: Locks) -> None:
        nonlocal inside, limit, done
        async with locks.hold("catalog:ABC-1"):
            inside += 1
            limit = max(limit, inside)
            await asyncio.sleep(0.005)
            inside -= 1
            done += 1

    one, other = Locks(redis, namespace=namespace), Locks(redis, namespace=namespace)
    await asyncio.gather(*(create(locks) for locks in (one, other) for _ in range(3)))
    assert (limit, done) == (1, 6)


async def test_different_names_do_not_wait_for_each_other(redis: Redis, namespace: str) -> None:
    locks = Locks(redis, namespace=namespace)
    async with locks.hold("a"), asyncio.timeout(1), locks.hold("b", wait=0):
        pass


async def test_a_lock_not_had_in_time_is_a_wait(redis: Redis, namespace: str) -> None:
    locks = Locks(redis, namespace=namespace)
    async with locks.hold("a"):
        with pytest.raises(errors.Busy) as caught:
            async with locks.hold("a", wait=0.1):
                pytest.fail("two holders")
    assert caught.value.seconds == 2
    async with locks.hold("a", wait=0):
        pass


async def test_a_held_lock_is_renewed(redis: Redis, namespace: str) -> None:
    locks = Locks(redis, namespace=namespace, lasts=0.15)
    async with locks.hold("a"):
        with pytest.raises(errors.Busy):
            async with locks.hold("a", wait=0.5):
                pytest.fail("two holders")


async def test_a_killed_holder_blocks_for_the_length_of_the_lock_only(redis: Redis, namespace: str) -> None:
    await redis.set(f"{namespace}:lock:a", "of a killed process", px=200)
    async with Locks(redis, namespace=namespace).hold("a", wait=1):
        lasts = await redis.pttl(f"{namespace}:lock:a")
    assert 14_000 < lasts <= 15_000


async def test_the_body_is_cancelled_when_the_lock_is_lost(redis: Redis, namespace: str) -> None:
    locks = Locks(redis, namespace=namespace, lasts=0.15)
    wrote = False

    async def write() -> None:
        nonlocal wrote
        async with locks.hold("a"):
            await redis.set(f"{namespace}:lock:a", "of another holder")
            await asyncio.sleep(2)
            wrote = True

    with pytest.raises(errors.LeaseLost):
        await write()
    assert not wrote
    assert await redis.get(f"{namespace}:lock:a") == b"of another holder"


@pytest.mark.parametrize("error", [TimeoutError, ValueError])
async def test_what_the_body_raises_comes_out_and_frees_the_lock(
    redis: Redis, namespace: str, error: type[Exception]
) -> None:
    locks = Locks(redis, namespace=namespace)
    with pytest.raises(error):
        async with locks.hold("a"):
            raise error
    assert await redis.get(f"{namespace}:lock:a") is None


async def test_a_cancelled_body_frees_the_lock(redis: Redis, namespace: str) -> None:
    locks, begun = Locks(redis, namespace=namespace), asyncio.Event()

    async def hold() -> None:
        async with locks.hold("a"):
            begun.set()
            await asyncio.sleep(10)

    task = asyncio.create_task(hold())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await redis.get(f"{namespace}:lock:a") is None


async def test_several_locks_are_held_together_or_not_at_all(redis: Redis, namespace: str) -> None:
    locks = Locks(redis, namespace=namespace)
    async with locks.hold("b"):
        with pytest.raises(errors.Busy):
            async with locks.hold_all(("c", "b", "a"), wait=0.1):
                pytest.fail("two holders")
        async with locks.hold_all(("a", "c"), wait=0):
            pass


async def test_those_who_want_the_same_locks_in_other_orders_do_not_wait_for_each_other(
    redis: Redis, namespace: str
) -> None:
    one, other = Locks(redis, namespace=namespace), Locks(redis, namespace=namespace)

    async def hold(locks: Locks, *names: str) -> None:
        async with locks.hold_all(names, wait=5):
            await asyncio.sleep(0.01)

    async with asyncio.timeout(4):
        await asyncio.gather(*(hold(one, "a", "b", "c") for _ in range(3)), hold(other, "c", "b", "a"))
