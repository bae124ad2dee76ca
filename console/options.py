"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of text for people.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be changed.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many, the earliest first.")]
