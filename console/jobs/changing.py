"""`cwbridge jobs requeue`, `archive`, `hold`, `release`: keys by name or by filter, and exactly what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.jobs.filters import Filters, filtered, rate
from console.options import AsJson, DryRun, Limit
from cwbridge.limits.rate import Rate

if TYPE_CHECKING:
    from console.jobs.choice import Choice

Keys = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY]...", help="Keys like jetbuilt/project/97737.")
]
All = Annotated[bool, typer.Option("--all", help="Every job that this can be done to, without any filter.")]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Write what the source shows now, unchanged or older as it may be; keys named always do.",
    ),
]
AtRate = Annotated[
    Rate | None,
    typer.Option("--rate", metavar="N/TIME", parser=rate, help="Start them one after the other, e.g. 5/1s."),
]


@filtered
def requeue_jobs(
    filters: Filters,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    force: Force = False,
    at_rate: AtRate = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Requeue dead and waiting jobs, archived ones too; a job always reads the newest state.

    Keys named run before everything else; a selection lines up behind fresh changes.
    """
    from console.jobs import requeueing  # noqa: PLC0415 - `--help` needs no queue

    choice = _choice(keys, filters, limit, everything=everything)
    requeueing.requeue(choice, force=force, at_rate=at_rate, dry_run=dry_run, as_json=as_json)


@filtered
def archive_jobs(
    filters: Filters,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Archive dead jobs: they are forgotten until their object changes."""
    from console.jobs import changes  # noqa: PLC0415 - as above

    changes.change(
        "archive", _choice(keys, filters, limit, everything=everything), dry_run=dry_run, as_json=as_json
    )


@filtered
def hold_jobs(
    filters: Filters,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Keep objects from running until released; a run under way ends first, and a key named may be held in advance."""
    from console.jobs import changes  # noqa: PLC0415 - as above

    changes.change(
        "hold", _choice(keys, filters, limit, everything=everything), dry_run=dry_run, as_json=as_json
    )


@filtered
def release_jobs(
    filters: Filters,
    *,
    keys: Keys = None,
    limit: Limit = None,
    everything: All = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let held objects go on where they stood."""
    from console.jobs import changes  # noqa: PLC0415 - as above

    changes.change(
        "release", _choice(keys, filters, limit, everything=everything), dry_run=dry_run, as_json=as_json
    )


def _choice(keys: list[str] | None, filters: Filters, limit: int | None, *, everything: bool) -> Choice:
    from console.jobs.choice import Choice  # noqa: PLC0415 - as above

    return Choice.of(keys, filters, limit, everything=everything)
