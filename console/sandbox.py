"""Starts the stand-ins in a process of their own; they are reached over HTTP only, like the real systems."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, NoReturn

import aiohttp
import msgspec
import typer

from console import exit_codes, lifecycle, output
from cwbridge import errors
from cwbridge import settings as settings_module

_START_SECONDS = 60.0


class Credentials(msgspec.Struct, frozen=True):
    """The obviously fake credentials that the stand-ins accept."""

    jetbuilt_api_key: str
    connectwise_company_id: str
    connectwise_public_key: str
    connectwise_private_key: str
    connectwise_client_id: str


class RunningSandbox(msgspec.Struct, frozen=True):
    """The addresses of the stand-ins and their credentials."""

    jetbuilt: str
    connectwise: str
    control_key: str
    default_sales_rep: str
    credentials: Credentials

    def settings(self) -> dict[str, Any]:
        """The settings that point at them."""
        return {
            "jetbuilt": {"url": self.jetbuilt, "api_key": self.credentials.jetbuilt_api_key},
            "connectwise": {
                "url": self.connectwise,
                "company_id": self.credentials.connectwise_company_id,
                "public_key": self.credentials.connectwise_public_key,
                "private_key": self.credentials.connectwise_private_key,
                "client_id": self.credentials.connectwise_client_id,
                "default_sales_rep": self.default_sales_rep,
            },
        }

    async def switch(self, system: Literal["jetbuilt", "connectwise"], **modes: Any) -> None:
        """Switch modes of a stand-in while it runs."""
        base = self.jetbuilt.removesuffix("/api") if system == "jetbuilt" else self.connectwise
        async with (
            aiohttp.ClientSession(headers={"X-Sandbox-Key": self.control_key}) as session,
            session.patch(f"{base}/__sandbox__/modes", json=modes) as answer,
        ):
            answer.raise_for_status()


def command(arguments: list[str]) -> NoReturn:
    """Run the stand-ins until the process is told to stop."""

    async def main(stop: asyncio.Event) -> int:
        async with started(*arguments) as running:
            for system, values in running.settings().items():
                for name, value in values.items():
                    output.console().print(f"export {settings_module.variable(system, name)}={value}")
            output.console().print(
                f"# faults, modes and calls: /__sandbox__/ with X-Sandbox-Key: {running.control_key}"
            )
            await stop.wait()
        return exit_codes.SETTLED

    raise typer.Exit(lifecycle.run(main))


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[RunningSandbox]:
    """Run the stand-ins while the body runs; they end with this process, also when it is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        "--until-eof",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        async with asyncio.timeout(_START_SECONDS):
            line = await process.stdout.readline()
        try:
            yield msgspec.json.decode(line, type=RunningSandbox)
        except msgspec.DecodeError as error:
            raise errors.SettingsError(
                "The sandbox did not start", remedy="Run `python -m sandbox` to see why."
            ) from error
    finally:
        process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
