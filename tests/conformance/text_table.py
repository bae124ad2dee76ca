"""Small tables written as text: a line of column names, then a line per row, cells between `|`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Row = dict[str, str]
NEW_LINE = "¶"


def read(text: str) -> list[Row]:
    """The rows of a table; raises ValueError for a row with another number of cells than there are columns."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    columns = _cells(lines[0])
    return [_row(columns, line) for line in lines[1:]]


def write(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same the other way round, columns aligned."""
    table = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(columns))]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def folded(text: str) -> str:
    """A text of several lines as one cell."""
    return text.replace("\n", NEW_LINE)


def unfolded(cell: str) -> str:
    """The text that a cell stands for."""
    return cell.replace(NEW_LINE, "\n")


def _row(columns: list[str], line: str) -> Row:
    cells = _cells(line)
    if len(cells) != len(columns):
        raise ValueError(f"{len(columns)} columns, but {len(cells)} cells in: {line}")
    return dict(zip(columns, cells, strict=True))


def _cells(line: str) -> list[str]:
    return [unfolded(cell.strip()) for cell in line.split("|")]
