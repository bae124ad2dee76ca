"""The options by which all commands choose jobs, and the selection they make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, get_type_hints

import pydantic
import typer

from cwbridge import errors
from cwbridge.limits.rate import Rate
from cwbridge.queue.job import State
from cwbridge.queue.selection import Selection
from cwbridge.settings.values import Duration

_duration = pydantic.TypeAdapter(Duration)


def duration(text: str) -> timedelta:
    """`30m`, `6h`, `2d`, as in the settings."""
    try:
        return _duration.validate_python(text)
    except pydantic.ValidationError as problem:
        raise typer.BadParameter(
            f"{text!r}: a duration is written with its unit, like 10s, 5m, 6h or 30d"
        ) from problem


def rate(text: str) -> Rate:
    """`5/1s`, as in the settings."""
    try:
        return Rate.parse(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from problem


OfState = Annotated[State | None, typer.Option("--state", help="Only jobs in this state.")]
OfFlow = Annotated[str, typer.Option("--flow", help="Only jobs of this flow, e.g. opportunity.")]
OfKey = Annotated[
    str, typer.Option("--key", metavar="GLOB", help="Only keys of this pattern, e.g. 'jetbuilt/project/97*'.")
]
OfClass = Annotated[
    errors.WorkClass | None, typer.Option("--class", help="Only jobs whose trouble is of this class.")
]
OfCause = Annotated[
    str, typer.Option("--cause", metavar="TEXT", help="Only jobs whose cause holds this text.")
]
Older = Annotated[
    timedelta | None,
    typer.Option(
        "--older", metavar="DURATION", parser=duration, help="Only those wanted longer ago, e.g. 2h."
    ),
]
Younger = Annotated[
    timedelta | None,
    typer.Option("--younger", metavar="DURATION", parser=duration, help="Only those wanted since, e.g. 2h."),
]
Most = Annotated[int | None, typer.Option("--most", min=1, help="At most so many, the earliest first.")]


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command all filter options; it takes the selection they make as `chosen`."""

    @functools.wraps(command)
    def with_filters(**given: Any) -> None:
        filters = {name: given.pop(name) for name in _FILTERS}
        command(chosen=_selection(**filters), **given)

    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "chosen"
    ]
    parameters = [*own, *_FILTERS.values()]
    with_filters.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_filters.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_filters


def _selection(
    *,
    state: OfState = None,
    flow: OfFlow = "",
    key: OfKey = "",
    work_class: OfClass = None,
    cause: OfCause = "",
    older: Older = None,
    younger: Younger = None,
) -> Selection:
    states = () if state is None else (state,)
    return Selection(
        states=states, flow=flow, key=key, work_class=work_class, cause=cause, older=older, younger=younger
    )


_FILTERS = {
    name: parameter.replace(annotation=get_type_hints(_selection, include_extras=True)[name])
    for name, parameter in inspect.signature(_selection).parameters.items()
}
