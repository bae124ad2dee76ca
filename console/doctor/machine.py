"""Checks of this machine: the settings and their sources, the state directory, the address that is listened on."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from console.page.access import Access
from cwbridge import checks, errors
from cwbridge import settings as settings_module
from cwbridge.checks import Check, Looker, Result
from cwbridge.flow import Flows
from cwbridge.settings import Section, Settings
from cwbridge.settings.origins import Origins

SETTINGS = "settings"
_LEAST_FREE_BYTES = 200 * 1024 * 1024
_PROBE_SECONDS = 2.0


def machine_checks(looker: Looker, flows: Flows) -> list[Check]:
    """All of them."""

    async def settings() -> Sequence[Result]:
        return _settings(looker.settings, flows)

    async def secrets() -> Sequence[Result]:
        return _secrets(looker.settings)

    async def state_dir() -> Sequence[Result]:
        return [_state_dir(looker.settings)]

    async def listening() -> Sequence[Result]:
        return [await _listening(looker.settings), _status_page(looker.settings)]

    return [
        Check(name=SETTINGS, run=settings),
        Check(name="secrets", run=secrets),
        Check(name="state directory", run=state_dir),
        Check(name="listening address", run=listening),
    ]


def _settings(settings: Settings, flows: Flows) -> list[Result]:
    """Which flows are switched on, and the values that a system lacks."""
    on = [flow for flow in flows if flow.is_on(settings)]
    if not on:
        lacking = "; ".join(f"{flow.name} lacks {', '.join(flow.lacks(settings))}" for flow in flows)
        return [
            checks.broken(
                SETTINGS,
                f"no flow is switched on: {lacking}",
                "Set the addresses that one flow lacks; `cwbridge config init` writes a settings file.",
            )
        ]
    found = []
    for system in {system.name: system for flow in on for system in flow.systems}.values():
        try:
            settings_module.require(settings.of(system.settings), system.required)
        except errors.SettingsError as error:
            found.append(checks.broken(SETTINGS, error.cause, error.remedy))
    file = Origins().file
    source = (
        f"from {file} and the environment"
        if file is not None
        else "from the environment; there is no cwbridge.toml"
    )
    names = ", ".join(flow.name for flow in on)
    return found or [
        checks.ok(SETTINGS, f"{source}; flows switched on: {names}; namespace {settings.namespace}")
    ]


def _secrets(settings: Settings) -> list[Result]:
    """Where each secret comes from, never its value."""
    origins, found, in_file = Origins(), [], False
    for table, section in settings:
        if isinstance(section, Section):
            for name, value in section:
                if isinstance(value, SecretStr):
                    found.append(f"{table}.{name}: {origins.of(table, name) or 'the program'}")
                    in_file = in_file or origins.in_file(table, name)
    if not found:
        return [checks.ok("secrets", "none is set")]
    detail = "; ".join(found)
    if in_file and origins.file is not None and _readable_by_others(origins.file):
        return [
            checks.warning(
                "secrets",
                f"{detail}; every user of this machine can read {origins.file}",
                f"chmod 600 {origins.file}, or give secrets as environment variables or secret files.",
            )
        ]
    return [checks.ok("secrets", detail)]


def _readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH)


def _state_dir(settings: Settings) -> Result:
    what, name = "state directory", settings_module.variable("state_dir")
    path = settings.state_dir.absolute()
    if settings.redis.url is not None:
        return checks.ok(what, f"not needed: {settings_module.variable('redis', 'url')} is set")
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return checks.broken(
            what,
            f"{path} cannot be written",
            f"Let this user write {existing}, or set {name} to another directory.",
        )
    free = shutil.disk_usage(existing).free
    if free < _LEAST_FREE_BYTES:
        return checks.broken(
            what, f"{path} has {free // 1024**2} MiB free", f"Free space, or set {name} to another directory."
        )
    told = "exists" if path.exists() else "will be made"
    return checks.ok(what, f"{path} {told}, {free // 1024**3} GiB free")


async def _listening(settings: Settings) -> Result:
    what, listen = "listening address", settings.http.listen
    name = settings_module.variable("http", "listen")
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if await _is_daemon(host, int(port)):
            return checks.ok(what, f"{listen}: a daemon of cwbridge answers there")
        return checks.broken(
            what,
            f"{listen} cannot be listened on: {error.strerror or error}",
            f"Set {name} to a free address of this machine, or end the program that uses it.",
        )
    return checks.ok(what, f"{listen} is free")


def _status_page(settings: Settings) -> Result:
    """Who may see the pages of the producers; a worker has none, and whether one will run here is not known."""
    what = "status page"
    try:
        access = Access(settings)
    except errors.SettingsError as error:
        return checks.warning(what, f"producers do not start here: {error}", error.remedy)
    return checks.ok(what, "demands a token" if access.demands_token else "open to this machine alone")


async def _is_daemon(host: str, port: int) -> bool:
    """Whether a health probe of cwbridge is answered there."""
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"
    try:
        timeout = aiohttp.ClientTimeout(total=_PROBE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            told = await answer.json(content_type=None)
            return isinstance(told, dict) and "status" in told
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
        return False
