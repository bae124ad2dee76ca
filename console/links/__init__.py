"""`cwbridge links`: shows and corrects which record of the target belongs to which object."""

from __future__ import annotations

from typing import Annotated

import typer

from console.options import AsJson, DryRun, Limit

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show which record of the target belongs to which object, and correct it.",
)
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A key such as jetbuilt/project/97737 or bss/account/42, or a link such as jetbuilt:client:8801 or bss:contact:7.",
    ),
]


@app.command("list")
def list_links(
    *,
    kind: Annotated[str, typer.Option("--kind", help="Only links of this kind, e.g. company.")] = "",
    how: Annotated[str, typer.Option("--how", help="Only links found in this way, e.g. person.")] = "",
    name: Annotated[
        str,
        typer.Option("--name", metavar="GLOB", help="Only names of this pattern, e.g. 'jetbuilt:client:*'."),
    ] = "",
    ended: Annotated[
        bool, typer.Option("--ended", help="Only links to whose records nothing is written any more.")
    ] = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List links: object, record of the target, and how it was found."""
    from console.links import listing  # noqa: PLC0415 - `--help` needs no ledger

    chosen = listing.Chosen(kind=kind, how=how, pattern=name, ended=ended)
    listing.list_links(chosen, limit=limit, as_json=as_json)


@app.command("show")
def show_link(name: Name, as_json: AsJson = False) -> None:
    """Show one link: its record in the target, how it was found and when."""
    from console.links import listing  # noqa: PLC0415 - as above

    listing.show_link(name, as_json=as_json)


@app.command()
def relink(
    name: Name,
    to: Annotated[int, typer.Option("--to", min=1, metavar="ID", help="The id of the record in the target.")],
    as_json: AsJson = False,
) -> None:
    """Choose the record that belongs to an object; the choice is kept, and jobs that waited for it run again."""
    from console.links import changing  # noqa: PLC0415 - as above

    changing.relink(name, to, as_json=as_json)


@app.command()
def unlink(name: Name, as_json: AsJson = False) -> None:
    """Remove a link; the next run looks for the record again."""
    from console.links import changing  # noqa: PLC0415 - as above

    changing.unlink(name, as_json=as_json)


@app.command()
def rebuild(
    flow: Annotated[str, typer.Option("--flow", help="Only links of this flow.")] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Find every record again, by external id or by the rules of its flow, and correct its link; exit 1 when a person must decide."""
    from console.links import changing  # noqa: PLC0415 - as above

    changing.rebuild(flow, dry_run=dry_run, as_json=as_json)
