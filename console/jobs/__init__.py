"""`cwbridge jobs`: what is waiting, running or given up, why, and what a person does about it."""

from __future__ import annotations

import typer

from console.jobs import changing, listing, showing

app = typer.Typer(no_args_is_help=True, help="Look at jobs by cause, put failed ones back, hold some.")
app.command("list")(listing.list_jobs)
app.command("show")(showing.show_job)
app.command("requeue")(changing.requeue_jobs)
app.command("archive")(changing.archive_jobs)
app.command("hold")(changing.hold_jobs)
app.command("release")(changing.release_jobs)
