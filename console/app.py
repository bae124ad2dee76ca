"""The `cwbridge` command. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from console import config, exit_codes, jobs, links
from console.options import AsJson
from cwbridge import __version__, errors

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help: framed help takes as long as everything else together.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Syncs Jetbuilt projects to ConnectWise PSA, and accounts and contacts between interworks.cloud BSS and ConnectWise.",
)
app.add_typer(jobs.app, name="jobs")
app.add_typer(links.app, name="links")
app.add_typer(config.app, name="config")


def main() -> None:
    """Run the command; unusable settings or an unreachable Redis end it with one line and exit code 2, never with a trace."""
    from console import output

    output.prepare_streams()
    code = exit_codes.SETTLED
    try:
        app()
    except (errors.SettingsError, errors.StoreUnavailable) as error:
        output.say_failure(error)
        code = exit_codes.UNUSABLE
    except errors.BridgeError as error:
        output.say_failure(error)
        code = exit_codes.FAILED
    sys.exit(code)


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"cwbridge {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Sync Jetbuilt projects to ConnectWise PSA, and accounts and contacts between interworks.cloud BSS and ConnectWise."""
    from console import quick_start

    quick_start.prepare()


@app.command()
def run() -> None:
    """Run everything in one process, for one machine."""
    from console import services

    services.run_command(producers=True, worker=True)


@app.command()
def producers() -> None:
    """Run the producers: poll the sources for changes and enqueue keys."""
    from console import services

    services.run_command(producers=True, worker=False)


@app.command()
def worker() -> None:
    """Run a worker: sync the objects whose keys are due."""
    from console import services

    services.run_command(producers=False, worker=True)


@app.command()
def sync(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Only these, e.g. jetbuilt/project/97737.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Sync every object, changed or not.")] = False,
    as_json: AsJson = False,
) -> None:
    """Poll once, work until nothing is due, print a summary; exit 0 when everything is settled, 1 when not."""
    from console import sync as sync_module

    if keys and full:
        raise typer.BadParameter("--full reads everything; give either keys or --full")
    sync_module.command(keys or (), full=full, as_json=as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the queue, causes of waiting and dead jobs, systems on hold, and links on one screen."""
    from console import status as status_module

    status_module.command(as_json=as_json)


@app.command()
def explain(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Such as jetbuilt/project/97737.")],
    stored: Annotated[
        bool, typer.Option("--stored", help="Only what is stored: ask no system, rehearse no run.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell everything about one object, and what a run would do now; writes nothing; exit 1 when a run would fail."""
    from console import explain as explain_module

    explain_module.command(key, stored=stored, as_json=as_json)


@app.command()
def demo(
    projects: Annotated[int, typer.Option(min=1, max=5000, help="How many projects to generate.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed generates the same company.")] = 7,
    once: Annotated[
        bool,
        typer.Option("--once", help="End when an edit in each system has arrived; exit 1 when one does not."),
    ] = False,
) -> None:
    """Run the stand-ins, an embedded Redis and the daemon, with live progress: no configuration is needed."""
    from console import demo as demo_module

    demo_module.command(projects=projects, seed=seed, once=once)


@app.command("sandbox")
def run_sandbox(
    *,
    projects: Annotated[int, typer.Option(min=1, max=100_000, help="How many projects to generate.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed generates the same company.")] = 7,
    jetbuilt_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8481,
    connectwise_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8482,
    bss_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8483,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Answer without any rate limit.")] = False,
) -> None:
    """Run the stand-ins alone and print the settings that point at them; faults are switched over HTTP."""
    from console import sandbox

    arguments = ["--projects", str(projects), "--seed", str(seed)]
    arguments += ["--jetbuilt-port", str(jetbuilt_port), "--connectwise-port", str(connectwise_port)]
    arguments += ["--bss-port", str(bss_port)]
    arguments += ["--no-limits"] if no_limits else []
    sandbox.command(arguments)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, Redis, systems, rights and names; read only; exit 0 without problems, 1 with, 2 on unusable settings."""
    from console.doctor import command

    command.command(as_json=as_json)


@app.command("role")
def show_role() -> None:
    """Print the least rights that the API members need, endpoint by endpoint, as Markdown."""
    from console import flows, role

    sys.stdout.write(role.role_page(flows.registered()))


@app.command("settings")
def show_settings() -> None:
    """Print every setting with its environment variable, default and meaning, as Markdown."""
    from console import reference

    sys.stdout.write(reference.settings_page())


@app.command("metrics")
def show_metrics() -> None:
    """Print every series that the processes export with its labels and meaning, as Markdown."""
    from console import metrics_reference

    sys.stdout.write(metrics_reference.metrics_page())
