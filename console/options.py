"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would change.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most N, the earliest first.")]
