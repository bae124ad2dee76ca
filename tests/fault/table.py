"""The table of a fault run: one row per scenario, a sum at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

_HEADINGS = (
    "scenario", "runs", "seed", "jobs", "edits", "kills", "lost", "doubled", "harmed", "stuck", "settled after (s)",
)  # fmt: skip


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario; `harmed` counts opportunities seen without lines, and what belongs to others and was changed or deleted."""

    scenario: str
    runs: int
    seed: int
    jobs: int
    edits: int
    kills: int
    lost: int
    doubled: int
    harmed: int
    stuck: int
    longest: float

    @property
    def cells(self) -> tuple[str, ...]:
        figures = (self.jobs, self.edits, self.kills, self.lost, self.doubled, self.harmed, self.stuck)
        return (self.scenario, str(self.runs), str(self.seed), *map(str, figures), f"{self.longest:.1f}")


def lines(rows: Sequence[Row]) -> Iterable[str]:
    """The table in Markdown, which reads well in a terminal too."""
    cells = [_HEADINGS, *(row.cells for row in rows), _sum(rows).cells]
    widths = [max(len(row[place]) for row in cells) for place in range(len(_HEADINGS))]
    for number, row in enumerate(cells):
        padded = (
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"| {' | '.join(padded)} |"
        if number == 0:
            ruled = (
                "-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)
            )
            yield f"| {' | '.join(ruled)} |"


def _sum(rows: Sequence[Row]) -> Row:
    return Row(
        scenario="all",
        runs=sum(row.runs for row in rows),
        seed=rows[0].seed,
        jobs=sum(row.jobs for row in rows),
        edits=sum(row.edits for row in rows),
        kills=sum(row.kills for row in rows),
        lost=sum(row.lost for row in rows),
        doubled=sum(row.doubled for row in rows),
        harmed=sum(row.harmed for row in rows),
        stuck=sum(row.stuck for row in rows),
        longest=max(row.longest for row in rows),
    )
