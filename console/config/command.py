"""`cwbridge config init`: asks what the systems have and writes the file, which must not exist."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from console import exit_codes, flows, lifecycle, loading, output
from console.config import tenant as tenant_module
from console.config.settings_file import SettingsFile, lacking
from console.doctor.opening import Opening
from cwbridge import errors
from cwbridge.flow import Flow
from cwbridge.settings import Section, Settings

_CONFIG = "CWBRIDGE_CONFIG"


def command(*, systems: str, output: Path | None) -> NoReturn:
    """Exit 0 when the file is written; raises SettingsError when it exists or cannot be written."""
    path = output or Path(os.environ.get(_CONFIG, "cwbridge.toml"))

    async def main(_stop: asyncio.Event) -> int:
        _refuse_existing(path)
        with _without_missing_file():
            settings = loading.settings()
        await _write(settings, _chosen(systems), path)
        return exit_codes.SETTLED

    raise typer.Exit(lifecycle.run(main))


def _chosen(systems: str) -> list[Flow]:
    """The flows whose source is one of the systems."""
    return [flow for flow in flows.registered() if systems in {"both", flow.systems[0].name}]


async def _write(settings: Settings, chosen: list[Flow], path: Path) -> None:
    async with Opening(settings) as opening:
        tenant = await tenant_module.asked(opening, chosen)
    systems = {system.name: system for flow in chosen for system in flow.systems}.values()
    sections = _sections(settings, chosen)
    text = SettingsFile(settings, tenant, sections).text()
    await asyncio.to_thread(_create, path, text)
    missing = lacking(settings, sections, {system.name: system.required for system in systems})
    console = output.console()
    console.print(output.escape(f"{path} is written."))
    for reason in tenant.unknown:
        console.print(output.escape(f"Not filled in: {reason}."))
    if missing:
        console.print(output.escape(f"Still to be set: {', '.join(missing)}."))
    if tenant.unknown or missing:
        console.print(
            output.escape(f"To have it filled in: correct this, remove {path} and run this command again.")
        )
    console.print("Next: cwbridge doctor")


def _sections(settings: Settings, chosen: list[Flow]) -> list[type[Section]]:
    """The tables of every process, then those of the systems, then those of the flows."""
    flow_tables = set(flows.registered().tables)
    general = [
        type(value) for _, value in settings if isinstance(value, Section) and type(value) not in flow_tables
    ]
    systems = [system.settings for flow in chosen for system in flow.systems]
    return list(dict.fromkeys([*general, *systems, *(table for flow in chosen for table in flow.tables)]))


def _refuse_existing(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise errors.SettingsError(
            f"{path} exists and is never overwritten",
            remedy="Name another file with --output, or move this one away.",
        )


def _create(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _refuse_existing(path)
    except OSError as error:
        raise errors.SettingsError(
            f"{path} cannot be written: {error.strerror}", remedy="Name another file with --output."
        ) from error


@contextmanager
def _without_missing_file() -> Iterator[None]:
    """CWBRIDGE_CONFIG may name the file that is about to be written."""
    named = os.environ.get(_CONFIG)
    if named is None or Path(named).is_file():
        yield
        return
    del os.environ[_CONFIG]
    try:
        yield
    finally:
        os.environ[_CONFIG] = named
