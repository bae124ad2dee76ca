"""Renders the templates; every value is shown as text, because other people write the names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from console import output, rehearsed
from console.jobs import wording
from console.page.overview import is_failure
from console.status import LOOKED_AT
from cwbridge import __version__, clock
from cwbridge.text import shown, shown_lines

_GROUPS_SHOWN = 20
_OF_THE_VERDICT = {
    "settled": "good",
    "working": "good",
    "waiting": "fair",
    "held": "fair",
    "failed jobs": "bad",
    "no worker": "bad",
    "on hold": "bad",
}


def environment() -> jinja2.Environment:
    """The templates of this package; a name that a template misspells is an error, not an empty text."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("console.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        version=__version__, looked_at=LOOKED_AT, shown=_GROUPS_SHOWN, ends_with=rehearsed.ENDS_WITH
    )
    made.filters.update(
        age=output.age,
        moment=output.moment,
        iso=lambda milliseconds: clock.iso(clock.from_ms(milliseconds)),
        object_path=object_path,
        tone=lambda verdict: _OF_THE_VERDICT.get(verdict, "bad"),
        signed=lambda amount: f"{amount:+}",
        lines=lambda text: Markup.escape(shown_lines(text)),
        job_state=wording.state,
        job_hold=wording.hold,
        is_failure=is_failure,
        rehearsal_summary=rehearsed.summary,
        rehearsal_lines=lambda found: list(rehearsed.lines(found)),
        with_new_ids=rehearsed.with_new_ids,
    )
    return made


def renderer(templates: jinja2.Environment, **shared: Any) -> Callable[..., str]:
    """A function that renders a template of that name; `shared` are values that every page has."""

    def render(name: str, **values: Any) -> str:
        return templates.get_template(f"{name}.html").render(**shared, **values)

    return render


def object_path(key: str) -> str:
    """The path of the page of an object."""
    return f"/objects/{quote(key, safe='/')}"


def _finalized(value: object) -> object:
    """Text as `cwbridge.text.shown` makes it; Jinja escapes it afterwards. Markup is what a filter has escaped."""
    return value if isinstance(value, Markup | int | float) else shown("" if value is None else str(value))
