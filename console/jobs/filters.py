"""The options by which all commands choose jobs, and the selection they make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, get_type_hints

import msgspec
import pydantic
import typer

from cwbridge import errors
from cwbridge.limits.rate import Rate
from cwbridge.queue import selection as jobs
from cwbridge.queue.job import State
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Selection
from cwbridge.settings.values import Duration

_FLOWS = ("opportunity",)
_duration = pydantic.TypeAdapter(Duration)


def duration(text: str) -> timedelta:
    """`30m`, `6h`, `2d`, as in the settings."""
    try:
        return _duration.validate_python(text)
    except pydantic.ValidationError as error:
        raise typer.BadParameter(
            f"{text!r}: a duration is written with its unit, like 10s, 5m, 6h or 30d"
        ) from error


def rate(text: str) -> Rate:
    """`5/1s`, as in the settings."""
    try:
        return Rate.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


OfState = Annotated[State | None, typer.Option("--state", help="Only jobs in this state.")]
OfFlow = Annotated[str, typer.Option("--flow", help="Only jobs of this flow, e.g. opportunity.")]
OfKey = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="GLOB",
        help="Only keys of this pattern, e.g. 'jetbuilt/project/97*'; a number is a project with its options.",
    ),
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
Limit = Annotated[int | None, typer.Option("--most", min=1, help="At most so many, the earliest first.")]


async def why_none(queue: Queue, chosen: Selection, states: tuple[State, ...] = ()) -> str:
    """Which filters leave nothing, when those together do; a command may look at some `states` only."""
    among = f" that are {' or '.join(states)}" if states and not chosen.states else ""
    if not chosen.names_some:
        return (
            f"No such jobs: there are none{among}."
            if among
            else "No such jobs: everything wanted is settled."
        )
    given = {_OPTION_OF[field]: alone for field, alone in chosen.each()}
    empty = [option for option, alone in given.items() if not await _finds_some(queue, alone, states)]
    if empty:
        return f"No such jobs: of all{among}, none passes {' and none '.join(empty)}."
    return f"No such jobs: of all{among}, none passes {' and '.join(given)} together."


async def _finds_some(queue: Queue, chosen: Selection, states: tuple[State, ...]) -> bool:
    within = chosen if chosen.states else msgspec.structs.replace(chosen, states=states)
    return bool([job async for job, _ in jobs.find(queue, within, limit=1)])


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
    if flow and flow not in _FLOWS:
        raise typer.BadParameter(f"{flow!r} is no flow; there are: {', '.join(_FLOWS)}", param_hint="--flow")
    prefixes = (f"jetbuilt/project/{key}",) if key.isdecimal() else ()
    states = () if state is None else (state,)
    return Selection(
        states=states, flow=flow, key="" if prefixes else key, prefixes=prefixes, work_class=work_class, cause=cause, older=older, younger=younger
    )


_OPTION_OF = {
    "states": "--state",
    "flow": "--flow",
    "key": "--key",
    "prefixes": "--key",
    "work_class": "--class",
    "cause": "--cause",
    "older": "--older",
    "younger": "--younger",
}
_FILTERS = {
    name: parameter.replace(annotation=get_type_hints(_selection, include_extras=True)[name])
    for name, parameter in inspect.signature(_selection).parameters.items()
}
