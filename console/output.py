"""Output of commands: tables for people, JSON for programs."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

from cwbridge import clock, errors
from cwbridge.text import json_shown, shown, shown_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_REPORT_WIDTH = 180
_BRACKET_OF_NO_TAG = re.compile(r"(\\+\[)(?![a-z#/@][^\[]*?\])")


class _PatientStream(io.TextIOWrapper):
    """A standard stream that survives a locale without a character, and a reader that has closed the pipe."""

    def write(self, text: str) -> int:
        with contextlib.suppress(BrokenPipeError):
            return super().write(text)
        self._discard()
        return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except BrokenPipeError:
            self._discard()

    def _discard(self) -> None:
        """Send everything from here on to nowhere, what is buffered included; the interpreter flushes once more at its end."""
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())


def prepare_streams() -> None:
    """Let output survive a locale that lacks a character (it is shown as an escape) and a reader that has seen enough."""
    sys.stdout = _patient(sys.stdout)
    sys.stderr = _patient(sys.stderr)


def _patient(stream: TextIO) -> TextIO:
    try:
        stream.fileno()
    except (AttributeError, OSError, ValueError):
        return stream
    if isinstance(stream, _PatientStream) or not isinstance(stream, io.TextIOWrapper):
        return stream
    line_buffering, encoding = stream.line_buffering, stream.encoding
    return _PatientStream(
        stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=line_buffering
    )


def console(*, to_errors: bool = False) -> Console:
    """A console on standard output (or error) that never guesses colours or links into plain text, and honours NO_COLOR.

    Without a terminal lines are as long as their content.
    """
    from rich.console import Console  # noqa: PLC0415 - JSON needs no tables

    stream = sys.stderr if to_errors else sys.stdout
    width = None if stream.isatty() else _REPORT_WIDTH
    return Console(file=stream, highlight=False, emoji=False, soft_wrap=True, width=width)


def as_json(value: Any, *, decimal_format: Literal["string", "number"] = "string") -> None:
    """Print one JSON document, indented; what is not printable is escaped, because a terminal may show it."""
    import msgspec  # noqa: PLC0415 - as above

    encoder = msgspec.json.Encoder(enc_hook=str, decimal_format=decimal_format)
    document = msgspec.json.format(encoder.encode(value), indent=2).decode()
    sys.stdout.write(json_shown(document) + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of plain cells; text from outside is never read as markup."""
    from rich.table import Table  # noqa: PLC0415 - as above

    shown = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(escape(cell) for cell in row))
    return shown


def escape(cell: object) -> str:
    """Text from outside, escaped: one line of bounded length that is not read as markup and cannot move the cursor of a terminal."""
    return _no_markup(shown(str("" if cell is None else cell)))


def escape_lines(text: str) -> str:
    """As `escape`, for text of several lines."""
    return _no_markup(shown_lines(text))


def _no_markup(text: str) -> str:
    from rich import markup  # noqa: PLC0415 - as above

    # rich removes one backslash before every bracket, but its own escape only handles brackets that look like tags.
    return markup.escape(_BRACKET_OF_NO_TAG.sub(r"\\\1", text))


def age(milliseconds: float | None) -> str:
    """`3.2 s`, `12 min`, `5.0 h`: how long, for people."""
    if milliseconds is None:
        return "-"
    seconds = milliseconds / 1000
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def moment(milliseconds: int | None) -> str:
    """`2026-11-21 22:18:00Z`, or a dash."""
    return "-" if not milliseconds else clock.from_ms(milliseconds).strftime("%Y-%m-%d %H:%M:%SZ")


def failure(error: errors.BridgeError) -> str:
    """One line with the error and its remedy; a system may have written part of it."""
    return " ".join(f"{shown(str(error))} -> {shown(error.remedy)}".split())


def say_failure(error: errors.BridgeError) -> None:
    """Print that line to standard error."""
    sys.stderr.write(failure(error) + "\n")
