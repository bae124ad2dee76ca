"""Starts the stand-ins in a process of their own; they are reached over HTTP only, like the real systems."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Literal, NoReturn

import aiohttp
import msgspec
import typer

from console import exit_codes, lifecycle, output
from cwbridge import errors
from cwbridge import settings as settings_module

_START_SECONDS = 60.0
_EXACT = msgspec.json.Decoder(float_hook=Decimal)


class Credentials(msgspec.Struct, frozen=True):
    """The obviously fake credentials that the stand-ins accept."""

    jetbuilt_api_key: str
    connectwise_company_id: str
    connectwise_public_key: str
    connectwise_private_key: str
    connectwise_client_id: str
    bss_client_key: str
    bss_client_secret: str
    bss_username: str
    bss_password: str


System = Literal["jetbuilt", "connectwise", "bss"]
ACCOUNT_TYPES = {
    "Customer": "Client",
    "Reseller": "Partner",
    "Prospect": "Prospect",
    "Distributor": "Vendor",
    "Internal": "Customer",
}
"""The company types of the stand-in that belong to the account types of the other."""


AGREEMENT_TYPES = {"Month": "Subscriptions Monthly", "Annual": "Subscriptions Annual"}
"""The agreement types of the stand-in that belong to the units of subscriptions."""


class RunningSandbox(msgspec.Struct, frozen=True):
    """The addresses of the stand-ins and their credentials."""

    jetbuilt: str
    connectwise: str
    bss: str
    control_key: str
    default_sales_rep: str
    credentials: Credentials

    def settings(self) -> dict[str, dict[str, Any]]:
        """The settings that point at Jetbuilt and ConnectWise."""
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

    def billing_settings(self) -> dict[str, dict[str, Any]]:
        """The settings that switch on the billing flow as well."""
        return {
            "bss": {
                "url": self.bss,
                "username": self.credentials.bss_username,
                "password": self.credentials.bss_password,
                "client_key": self.credentials.bss_client_key,
                "client_secret": self.credentials.bss_client_secret,
            },
            "billing": {
                "account_types": ACCOUNT_TYPES,
                "sales_representative": self.default_sales_rep,
                "units": AGREEMENT_TYPES,
                "create_agreements": True,
            },
        }

    async def switch(self, system: System, **modes: Any) -> None:
        """Switch modes of a stand-in while it runs."""
        await self._control(system, "PATCH", "modes", modes)

    async def record(self, system: System, table: str, number: int | str) -> dict[str, Any]:
        """A record of ConnectWise or BSS as it is stored; amounts are exact."""
        row: dict[str, Any] = await self._control(system, "GET", f"records/{table}/{number}")
        return row

    async def add(self, system: System, table: str, **fields: Any) -> int | str:
        """Another user of ConnectWise or BSS makes a record; returns its id."""
        made: dict[str, int | str] = await self._control(system, "POST", f"records/{table}", fields)
        return made["id"]

    async def edit(self, system: System, table: str, number: int, **fields: Any) -> None:
        """Another user of ConnectWise or BSS changes fields of a record."""
        await self._control(system, "PATCH", f"records/{table}/{number}", fields)

    def control_url(self, system: System) -> str:
        """Where a stand-in is controlled."""
        base = {
            "jetbuilt": self.jetbuilt.removesuffix("/api"),
            "connectwise": self.connectwise,
            "bss": self.bss,
        }
        return f"{base[system]}/__sandbox__"

    async def _control(self, system: System, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.control_url(system)}/{path}"
        async with (
            aiohttp.ClientSession(headers={"X-Sandbox-Key": self.control_key}) as session,
            session.request(method, url, json=body) as answer,
        ):
            answer.raise_for_status()
            return _EXACT.decode(await answer.read() or b"null")


def command(arguments: list[str]) -> NoReturn:
    """Run the stand-ins until the process is told to stop."""

    async def main(stop: asyncio.Event) -> int:
        async with started(*arguments) as running:
            for line in _exports(running.settings()):
                output.console().print(line)
            output.console().print("# accounts and contacts of interworks.cloud BSS as well:")
            for line in _exports(running.billing_settings()):
                output.console().print(output.escape(f"# {line}"))
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


def _exports(settings: dict[str, dict[str, Any]]) -> Iterator[str]:
    for section, values in settings.items():
        for name, value in values.items():
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            yield f"export {settings_module.variable(section, name)}={shlex.quote(text)}"
