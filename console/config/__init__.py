"""`cwbridge config`: writes a settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="Write a settings file.")


@app.callback()
def root() -> None:
    """Write a settings file."""


@app.command()
def init(
    systems: Annotated[
        Literal["jetbuilt", "bss", "both"],
        typer.Option(help="The sources that are synced to ConnectWise."),
    ] = "both",
    output: Annotated[
        Path | None,
        typer.Option(help="The file; by default the one that CWBRIDGE_CONFIG names, else cwbridge.toml."),
    ] = None,
) -> None:
    """Write a commented settings file with what the systems have as choices; never overwrites a file, never writes a secret."""
    from console.config import command  # noqa: PLC0415 - `--help` needs none of it

    command.command(systems=systems, output=output)
