"""Starts and stops a command: one event loop, signals that ask it to stop, and the store."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvloop

from cwbridge import embedded_redis, errors, sentinel_url
from cwbridge import redis as redis_module
from cwbridge import settings as settings_module
from cwbridge.redis import Redis
from cwbridge.settings import Settings

log = structlog.get_logger()


def run(main: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    """Run `main(stop)` to its exit code; SIGTERM, SIGINT and SIGHUP set `stop`, a second SIGINT interrupts at once."""
    return uvloop.run(_with_signals(main))


async def _with_signals(main: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop(number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            _leave_terminal()
        log.info("stop_requested", signal=number.name)
        stop.set()
        if number is signal.SIGINT:
            loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # nohup ignores SIGHUP for the command it starts, so that the command outlives the terminal.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, ask_to_stop, number)
    return await main(stop)


def _leave_terminal() -> None:
    """Discard further output to a terminal, because a write to a closed terminal fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        # isatty() is false for a closed terminal, but it stays a character device.
        if stat.S_ISCHR(os.fstat(output).st_mode):
            os.dup2(nowhere, output)
    os.close(nowhere)


@asynccontextmanager
async def store(settings: Settings, *, kind: type[Redis] = Redis) -> AsyncIterator[Redis]:
    """A checked connection to the Redis named in the settings, or to an embedded server when none is named.

    The client is of the class `kind`. Raises StoreUnavailable that names the setting.
    """
    if settings.redis.url is not None:
        async with _connected(settings.redis.url.get_secret_value(), kind) as client:
            yield client
        return
    async with embedded_redis.EmbeddedRedis(settings.state_dir) as url, _connected(url, kind) as client:
        yield client


@asynccontextmanager
async def existing_store(settings: Settings) -> AsyncIterator[Redis]:
    """As `store`, for commands that read the data of a daemon; raises SettingsError when no daemon has used the store.

    A new, empty server would report that everything is settled.
    """
    if settings.redis.url is None and not await embedded_redis.EmbeddedRedis(settings.state_dir).exists():
        url, state_dir = settings_module.variable("redis", "url"), settings_module.variable("state_dir")
        raise errors.SettingsError(
            f"no daemon has worked here: {url} is not set, and {settings.state_dir.absolute()} has no Redis data",
            remedy=f"Set {url} to the Redis of the daemon, or {state_dir} to the .state folder of the daemon.",
        )
    async with store(settings) as client:
        yield client


@asynccontextmanager
async def _connected(url: str, kind: type[Redis]) -> AsyncIterator[Redis]:
    name = settings_module.variable("redis", "url")
    try:
        client = redis_module.connect(url, kind=kind)
    except sentinel_url.UnusableAddress as error:
        raise errors.SettingsError(f"{name} {error.cause}", remedy=error.remedy) from error
    except ValueError as error:
        raise errors.SettingsError(
            f"{name} is not the address of a Redis server",
            remedy="Write it like redis://127.0.0.1:6379/0, rediss://..., unix:///path/to/socket or redis+sentinel://...",
        ) from error
    try:
        durability = await redis_module.check(client, name=name)
        for warning in durability.warnings:
            log.warning("redis_not_durable", advice=warning)
        yield client
    finally:
        await client.aclose()
