"""Locks across all processes, for objects without a key of their own: a catalog item, a company, a schedule."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import redis.exceptions
from redis.asyncio.lock import Lock

from cwbridge import clock, concurrency, errors, replication
from cwbridge.redis import Redis

_LASTS_SECONDS = 15.0
_POLL_SECONDS = 0.05


class Locks:
    """Named locks with one holder across all processes; a lock whose holder was killed expires after 15 s."""

    def __init__(self, redis: Redis, *, namespace: str, lasts: float = _LASTS_SECONDS) -> None:
        self._redis = redis
        self._namespace = namespace
        self._lasts = lasts

    @contextlib.asynccontextmanager
    async def hold(self, name: str, *, wait: float = 30.0) -> AsyncIterator[None]:
        """Run the body as the only holder; raises Busy when another holder keeps the lock for `wait` seconds.

        When the lock is lost meanwhile, the body is cancelled and LeaseLost is raised.
        """
        lock = Lock(
            self._redis,
            f"{self._namespace}:lock:{name}",
            timeout=self._lasts,
            sleep=_POLL_SECONDS,
            thread_local=False,
        )
        if not await lock.acquire(blocking_timeout=wait):
            raise errors.Busy("another job holds the lock", seconds=2, detail=name)
        body = asyncio.timeout(None)
        try:
            await self._replicate(lock)
            async with body:
                renewal = asyncio.create_task(self._renew(lock, body), name=f"lock-{name}")
                try:
                    yield
                finally:
                    renewal.cancel()
        except TimeoutError:
            if body.expired():
                raise errors.LeaseLost("the lock was lost while it was held", detail=name) from None
            raise
        finally:
            await concurrency.to_the_end(_release(lock))

    @contextlib.asynccontextmanager
    async def hold_all(self, names: Iterable[str], *, wait: float = 30.0) -> AsyncIterator[None]:
        """Run the body as the only holder of every lock; raises Busy, and holds none, when one is not free within `wait` seconds.

        The locks are taken in the order of their names, so that no two holders wait for each other.
        """
        until = clock.lasting_seconds() + wait
        async with contextlib.AsyncExitStack() as held:
            for name in sorted(set(names)):
                left = max(0.0, until - clock.lasting_seconds())
                await held.enter_async_context(self.hold(name, wait=left))
            yield

    async def _replicate(self, lock: Lock) -> None:
        """Make sure that the lock outlives a failover; raises Busy when it may not, and LeaseLost when it has not."""
        if not replication.is_replicated(self._redis):
            return
        given = [str(lock.name), lock.local.token, round(self._lasts * 1000)]
        (is_own,) = await replication.write(
            self._redis, lambda pipe: pipe.eval(lock.LUA_REACQUIRE_SCRIPT, 1, *given)
        )
        if not is_own:
            raise errors.LeaseLost("the lock was lost in a failover of Redis", detail=str(lock.name))

    async def _renew(self, lock: Lock, body: asyncio.Timeout) -> None:
        """Extend the lock; end the body as soon as another holder may have the lock."""
        kept_at = clock.lasting_seconds()
        while (left := kept_at + self._lasts - clock.lasting_seconds()) > 0:
            await asyncio.sleep(min(self._lasts / 3, left))
            asked_at = clock.lasting_seconds()
            try:
                async with asyncio.timeout(max(0.0, kept_at + self._lasts - asked_at)):
                    await lock.reacquire()
            except redis.exceptions.LockError:
                break
            except (redis.exceptions.RedisError, OSError):
                continue
            kept_at = asked_at
        body.reschedule(asyncio.get_running_loop().time())


async def _release(lock: Lock) -> None:
    # A lock that is lost or cannot be reached expires.
    with contextlib.suppress(redis.exceptions.RedisError, OSError):
        await lock.release()
