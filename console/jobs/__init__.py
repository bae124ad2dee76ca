"""`cwbridge jobs`: jobs that wait, run or are dead, with cause and remedy, and the commands that change them."""

from __future__ import annotations

from typing import Annotated

import typer

from console.jobs import changing, listing
from console.options import AsJson

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List jobs by cause, requeue, archive, hold and release them.",
)
app.command("list")(listing.list_jobs)
app.command("requeue")(changing.requeue_jobs)
app.command("archive")(changing.archive_jobs)
app.command("hold")(changing.hold_jobs)
app.command("release")(changing.release_jobs)


@app.command("show")
def show_job(key: Annotated[str, typer.Argument(metavar="KEY")], as_json: AsJson = False) -> None:
    """Show one object: its job, cause and remedy, what it was matched to, its last calls, and its history."""
    from console.jobs import showing  # noqa: PLC0415 - `--help` needs no queue

    showing.show(key, as_json=as_json)
