"""Shows results: a line for each with its remedy below, or one JSON document; and progress on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from console import output
from console.doctor.runner import Progress
from cwbridge.checks import Result, State

_STYLES: Final[dict[State, str]] = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_NAMES_SHOWN = 3


def show(results: Sequence[Result], *, seconds: float, as_json: bool) -> None:
    """Print all results."""
    counts = Counter(result.state for result in results)
    if as_json:
        output.as_json(
            {
                "ok": counts["ok"],
                "warnings": counts["warning"],
                "problems": counts["problem"],
                "seconds": round(seconds, 1),
                "checks": results,
            }
        )
        return
    console = output.console()
    width = max((len(result.check) for result in results), default=0)
    for result in results:
        style = _STYLES[result.state]
        check = output.escape(_line(result.check).ljust(width))
        console.print(f"[{style}]{result.state:7}[/{style}]  {check}  {output.escape(_line(result.detail))}")
        if result.remedy and result.state != "ok":
            console.print(f"{'':7}  {'':{width}}  -> {output.escape(_line(result.remedy))}")
    console.print(
        f"{counts['problem']} problems, {counts['warning']} warnings, {counts['ok']} ok in {seconds:.1f} s"
    )


def _line(text: str) -> str:
    """Text from outside as one line, without characters that move a cursor or turn the reading direction."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


@contextmanager
def progress() -> Iterator[Progress]:
    """A line that says how far the run is, on a terminal; nothing elsewhere, so that output stays the results alone."""
    console: Console = output.console(to_errors=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    with console.status("looking") as status:

        def tell(done: int, total: int, under_way: Sequence[str]) -> None:
            names = ", ".join(under_way[:_NAMES_SHOWN])
            more = f" and {len(under_way) - _NAMES_SHOWN} more" if len(under_way) > _NAMES_SHOWN else ""
            status.update(output.escape(f"{done} of {total} checks, waiting for {names}{more}"))

        yield tell
