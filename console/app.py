"""The `cwbridge` command."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from console import demo as demo_module
from console import jobs, lifecycle, links, loading, output, reference, sandbox, services
from console import status as status_module
from console import sync as sync_module
from cwbridge import __version__, errors
from cwbridge import settings as settings_module
from producers import main as producers_module
from worker import main as worker_module

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keeps ConnectWise PSA right for people who quote in Jetbuilt.",
)
app.add_typer(jobs.app, name="jobs")
app.add_typer(links.app, name="links")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]


def main() -> None:
    """Run the command; what cannot be used ends with one line and exit code 2, never with a trace."""
    code = lifecycle.SETTLED
    try:
        app()
    except (errors.SettingsError, errors.StoreUnavailable) as error:
        sys.stderr.write(output.failure(error) + "\n")
        code = lifecycle.UNUSABLE
    except errors.BridgeError as error:
        sys.stderr.write(output.failure(error) + "\n")
        code = lifecycle.FAILED
    sys.exit(code)


@app.command()
def run() -> None:
    """Run everything in one process, for one machine."""
    _serve(services.EVERYTHING, jetbuilt=True, connectwise=True)


@app.command()
def producers() -> None:
    """Run the producers: poll for changes and enqueue keys."""
    _serve((producers_module.serve,), jetbuilt=True, connectwise=False)


@app.command()
def worker() -> None:
    """Run a worker: make one object after another right."""
    _serve((worker_module.serve,), jetbuilt=True, connectwise=True)


@app.command()
def sync(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Only these, e.g. jetbuilt/project/97737.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Look at every project, changed or not.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do one pass: poll now, work until nothing is due, print a summary; exit 0 when all is settled, 1 when not."""
    if keys and full:
        raise typer.BadParameter("--full looks at everything; leave out the keys or the option")

    async def main(stop: asyncio.Event) -> int:
        settings = loading.settings()
        settings_module.require_jetbuilt(settings)
        settings_module.require_connectwise(settings)
        chosen = loading.keys(keys or ())
        async with lifecycle.store(settings) as redis:
            summary = await sync_module.one_pass(
                settings, redis, stop, keys=chosen, full=full, show=not as_json
            )
        if as_json:
            output.as_json(summary)
        else:
            sync_module.show(summary)
        return summary.exit_code

    raise typer.Exit(lifecycle.run(main))


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show lag, queue, last successes and links on one screen."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with lifecycle.existing_store(settings) as redis:
            found = await status_module.gather(settings, redis)
        if as_json:
            output.as_json(found)
        else:
            status_module.show(found)
        return lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


@app.command()
def demo(
    projects: Annotated[int, typer.Option(min=1, max=5000, help="How many projects to invent.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed invents the same company.")] = 7,
    once: Annotated[bool, typer.Option("--once", help="End when the first edit has arrived.")] = False,
) -> None:
    """Run the stand-ins, an embedded Redis and the bridge, with live progress: nothing needs to be configured."""

    async def main(stop: asyncio.Event) -> int:
        return await demo_module.run(stop, projects=projects, seed=seed, once=once)

    raise typer.Exit(lifecycle.run(main))


@app.command("sandbox")
def run_sandbox(
    projects: Annotated[int, typer.Option(min=1, max=100_000, help="How many projects to invent.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed invents the same company.")] = 7,
    jetbuilt_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8481,
    connectwise_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8482,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Answer without any rate limit.")] = False,
) -> None:
    """Run the stand-ins alone and print the settings that point at them; faults are switched over HTTP."""

    async def main(stop: asyncio.Event) -> int:
        arguments = ["--projects", str(projects), "--seed", str(seed)]
        arguments += ["--jetbuilt-port", str(jetbuilt_port), "--connectwise-port", str(connectwise_port)]
        arguments += ["--no-limits"] if no_limits else []
        async with sandbox.started(*arguments) as place:
            for system, values in place.settings().items():
                for name, value in values.items():
                    output.console().print(f"export {settings_module.variable(system, name)}={value}")
            output.console().print(
                f"# faults, modes and calls: /__sandbox__/ with X-Sandbox-Key: {place.control_key}"
            )
            await stop.wait()
        return lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


@app.command("settings")
def show_settings() -> None:
    """Print every setting with its environment variable, default and meaning, as Markdown."""
    sys.stdout.write(reference.settings_page())


@app.command()
def version() -> None:
    """Print the version."""
    output.console().print(__version__)


def _serve(chosen: tuple[services.Service, ...], *, jetbuilt: bool, connectwise: bool) -> None:
    async def main(stop: asyncio.Event) -> int:
        settings = loading.settings()
        if jetbuilt:
            settings_module.require_jetbuilt(settings)
        if connectwise:
            settings_module.require_connectwise(settings)
        return await services.run(settings, stop, chosen)

    raise typer.Exit(lifecycle.run(main))
