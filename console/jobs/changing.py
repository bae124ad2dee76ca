"""`cwbridge jobs requeue`, `archive`, `hold`, `release`: change jobs by key or by filter, and report what was changed."""

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
All = Annotated[
    bool, typer.Option("--all", help="Every job that the command can change, without any filter.")
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Write what the source shows now, even when it is unchanged or older; named keys always do.",
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
    """Requeue dead, waiting and archived jobs; a job always reads the newest state.

    Named keys run before everything else; filtered jobs run after fresh changes.
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
    """Archive dead jobs: they leave the lists until their object changes."""
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
    """Keep jobs from running until they are released; a run under way ends first, and a named key may be held in advance."""
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
    """Release held jobs; each goes on from the state it was held in."""
    from console.jobs import changes  # noqa: PLC0415 - as above

    changes.change(
        "release", _choice(keys, filters, limit, everything=everything), dry_run=dry_run, as_json=as_json
    )


def _choice(keys: list[str] | None, filters: Filters, limit: int | None, *, everything: bool) -> Choice:
    from console.jobs.choice import Choice  # noqa: PLC0415 - as above

    return Choice.of(keys, filters, limit, everything=everything)
