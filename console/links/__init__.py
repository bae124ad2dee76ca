"""`cwbridge links`: the ledger of which record of ConnectWise belongs to which object of Jetbuilt, and its correction."""

from __future__ import annotations

import typer

from console.links import changing, listing

app = typer.Typer(no_args_is_help=True, help="Look at what is linked to what, and correct it.")
app.command("list")(listing.list_links)
app.command("show")(listing.show_link)
app.command("relink")(changing.relink)
app.command("unlink")(changing.unlink)
app.command("rebuild")(changing.rebuild)
