"""The command: loads the settings, runs every check, shows the results and exits with their code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NoReturn

import typer

from console import exit_codes, flows, lifecycle, loading
from console.doctor import machine, names, processes, report, runner, store, systems
from console.doctor.opening import Opening
from cwbridge import errors
from cwbridge.checks import Check, Result
from cwbridge.flow import Flow, Flows
from cwbridge.settings import Settings


def command(*, as_json: bool) -> NoReturn:
    """Exit 0 without problems, 1 with, 2 when the settings cannot be used."""

    async def main(_stop: asyncio.Event) -> int:
        began = time.monotonic()
        try:
            settings = loading.settings()
        except errors.SettingsError as error:
            results = [
                Result(check=machine.SETTINGS, state="problem", detail=str(error), remedy=error.remedy)
            ]
        else:
            with report.progress() as progress:
                results = await examine(settings, flows.registered(), progress=progress)
        report.show(results, seconds=time.monotonic() - began, as_json=as_json)
        return exit_code(results)

    raise typer.Exit(lifecycle.run(main))


async def examine(
    settings: Settings, registered: Flows, *, progress: runner.Progress = lambda *_: None
) -> list[Result]:
    """The results of every check that these settings call for."""
    async with Opening(settings) as opening:
        on: list[Flow] = [flow for flow in registered if flow.is_on(settings)]
        checks = [
            *machine.machine_checks(opening, registered),
            *store.store_checks(opening),
            *processes.process_checks(opening),
            *systems.system_checks(opening, on),
            *names.name_checks(opening, on),
            *_of_flows(opening, on),
        ]
        return await runner.run(checks, progress=progress)


def _of_flows(opening: Opening, on: Sequence[Flow]) -> list[Check]:
    """What the flows look at themselves; a check that several of them name is run once."""
    return list({check.name: check for flow in on for check in flow.checks(opening)}.values())


def exit_code(results: Sequence[Result]) -> int:
    """2 for settings that cannot be used, 1 for any other result that is a problem, else 0."""
    broken = [result.check for result in results if result.state == "problem"]
    if machine.SETTINGS in broken:
        return exit_codes.UNUSABLE
    return exit_codes.FAILED if broken else exit_codes.SETTLED
