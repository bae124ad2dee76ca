"""Runs a command with settings, store and flows, and exits with its code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, NoReturn

import msgspec
import typer

from cwbridge import errors

if TYPE_CHECKING:
    from cwbridge.flow import Flow, Flows
    from cwbridge.ledger.links import Links
    from cwbridge.linker import LinkName
    from cwbridge.queue.queue import Queue
    from cwbridge.redis import Redis
    from cwbridge.settings import Settings


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """What a command works with: the settings, the store, and every registered flow."""

    settings: Settings
    redis: Redis
    flows: Flows
    queue: Queue
    links: Links


def on_store(
    act: Callable[[Bridge], Awaitable[int]],
    *,
    keys: Iterable[str] = (),
    link: str | None = None,
    create: bool = False,
) -> NoReturn:
    """Run `act` on the store that the daemon has worked with, and exit with its code.

    Raises SettingsError for invalid `keys` or an invalid `link`, before anything is read from Redis, and when no daemon has used the
    store, unless the command may `create` it.
    """
    from console import flows, lifecycle, loading  # noqa: PLC0415 - `--help` needs none of it
    from cwbridge.ledger.links import Links  # noqa: PLC0415
    from cwbridge.queue.queue import Queue  # noqa: PLC0415

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        keys_of(flows.registered(), keys)
        if link is not None:
            link_of(flows.registered(), link)
        opened = lifecycle.store if create else lifecycle.existing_store
        async with opened(settings) as redis:
            return await act(
                Bridge(
                    settings=settings,
                    redis=redis,
                    flows=flows.registered(),
                    queue=Queue(redis, namespace=settings.namespace, settings=settings.queue),
                    links=Links(redis, namespace=settings.namespace),
                )
            )

    raise typer.Exit(lifecycle.run(main))


def keys_of(flows: Flows, given: Iterable[str]) -> list[str]:
    """The keys that a person wrote; raises SettingsError, because an invalid command line is not a failed job."""
    try:
        keys = [text.strip() for text in given]
        for key in keys:
            flows.of_key(key)
    except errors.Refused as refusal:
        raise errors.SettingsError(refusal.cause, remedy=refusal.remedy) from None
    return keys


def keys_on(flows: Flows, settings: Settings, given: Iterable[str]) -> list[str]:
    """The keys of flows that are switched on; raises SettingsError, as above, and for a key of another flow."""
    keys = keys_of(flows, given)
    for key in keys:
        flow = flows.of_key(key)
        if not flow.is_on(settings):
            raise errors.SettingsError(
                f"{key} is a key of the flow {flow.name}, which is switched off",
                remedy=f"Set {', '.join(flow.lacks(settings))}.",
            )
    return keys


def link_of(flows: Flows, text: str) -> tuple[Flow, LinkName]:
    """The link that a person named; raises SettingsError, as above."""
    try:
        return flows.link_name(text.strip())
    except errors.Refused as refusal:
        raise errors.SettingsError(refusal.cause, remedy=refusal.remedy) from None
