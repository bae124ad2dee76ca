"""The options by which all commands choose jobs, and the selection they make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import msgspec
import typer

from cwbridge import duration as durations
from cwbridge import errors
from cwbridge.limits.lane import Lane
from cwbridge.limits.rate import Rate
from cwbridge.queue.job import State

if TYPE_CHECKING:
    from cwbridge.flow import Flows
    from cwbridge.queue.queue import Queue
    from cwbridge.queue.selection import Selection


def duration(text: str) -> timedelta:
    """`30m`, `6h`, `2d`, as in the settings."""
    try:
        return durations.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}") from error


def rate(text: str) -> Rate:
    """`5/1s`, as in the settings."""
    try:
        return Rate.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


OfState = Annotated[State | None, typer.Option("--state", help="Only jobs in this state.")]
OfFlow = Annotated[str, typer.Option("--flow", help="Only jobs of this flow, e.g. opportunity.")]
OfLane = Annotated[
    Lane | None, typer.Option("--lane", help="Only jobs of this lane, e.g. backlog: what full syncs enqueue.")
]
OfKey = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="GLOB",
        help="Only keys of this pattern, e.g. 'jetbuilt/project/97*'; a number means a project with its options.",
    ),
]
OfClass = Annotated[
    errors.WorkClass | None, typer.Option("--class", help="Only jobs whose failure is of this class.")
]
OfCause = Annotated[
    str, typer.Option("--cause", metavar="TEXT", help="Only jobs whose cause contains this text.")
]
OfGroup = Annotated[
    str,
    typer.Option(
        "--group", metavar="ID", help="Only jobs of this group; `jobs list` and the status page show its id."
    ),
]
Older = Annotated[
    timedelta | None,
    typer.Option(
        "--older", metavar="DURATION", parser=duration, help="Only those enqueued longer ago, e.g. 2h."
    ),
]
Younger = Annotated[
    timedelta | None,
    typer.Option(
        "--younger", metavar="DURATION", parser=duration, help="Only those enqueued since, e.g. 2h."
    ),
]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The filter options of a command line, as they were given."""

    state: State | None = None
    flow: str = ""
    lane: Lane | None = None
    key: str = ""
    work_class: errors.WorkClass | None = None
    cause: str = ""
    group: str = ""
    older: timedelta | None = None
    younger: timedelta | None = None

    @property
    def any(self) -> bool:
        """Whether a filter is given; without one every job is selected."""
        return self != Filters()

    def selection(self, flows: Flows) -> Selection:
        """The selected jobs; raises BadParameter for an unknown flow."""
        from cwbridge.queue.selection import Selection  # noqa: PLC0415 - `--help` needs no queue

        if self.flow and self.flow not in flows.names:
            raise typer.BadParameter(
                f"{self.flow!r} is no flow; there are: {', '.join(flows.names)}", param_hint="--flow"
            )
        named = self.key.isdecimal()
        return Selection(
            states=() if self.state is None else (self.state,),
            flow=self.flow,
            lane=self.lane,
            key="" if named else self.key,
            prefixes=tuple(key for flow in flows for key in flow.keys_of(self.key)) if named else (),
            work_class=self.work_class,
            cause=self.cause,
            group=self.group.strip(),
            older=self.older,
            younger=self.younger,
        )


async def why_none(queue: Queue, chosen: Selection, states: tuple[State, ...] = ()) -> str:
    """Explain which filters select nothing; a command may be limited to some `states`."""
    among = f" that are {' or '.join(states)}" if states and not chosen.states else ""
    if not chosen.names_some:
        return (
            f"No such jobs: there are none{among}."
            if among
            else "No such jobs: everything enqueued is settled."
        )
    given = {_OPTION_OF[field]: alone for field, alone in chosen.each()}
    empty = [option for option, alone in given.items() if not await _finds_some(queue, alone, states)]
    if empty:
        return f"No such jobs: of all{among}, none passes {' and none '.join(empty)}."
    return f"No such jobs: of all{among}, none passes {' and '.join(given)} together."


async def _finds_some(queue: Queue, chosen: Selection, states: tuple[State, ...]) -> bool:
    from cwbridge.queue import selection  # noqa: PLC0415 - as above

    within = chosen if chosen.states else msgspec.structs.replace(chosen, states=states)
    return bool([job async for job, _ in selection.find(queue, within, limit=1)])


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all filter options; it takes them as `filters`."""

    @functools.wraps(command)
    def with_filters(**given: Any) -> None:
        filters = {name: given.pop(name) for name in _FILTERS}
        command(filters=Filters(**filters), **given)

    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "filters"
    ]
    parameters = [*own, *_FILTERS.values()]
    with_filters.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_filters.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_filters


def _options(
    *,
    state: OfState = None,
    flow: OfFlow = "",
    lane: OfLane = None,
    key: OfKey = "",
    work_class: OfClass = None,
    cause: OfCause = "",
    group: OfGroup = "",
    older: Older = None,
    younger: Younger = None,
) -> None:
    """Declare the filter options; `filtered` reads them from this signature."""


_OPTION_OF = {
    "states": "--state",
    "flow": "--flow",
    "lane": "--lane",
    "key": "--key",
    "prefixes": "--key",
    "work_class": "--class",
    "cause": "--cause",
    "group": "--group",
    "older": "--older",
    "younger": "--younger",
}
_FILTERS = {
    name: parameter.replace(annotation=get_type_hints(_options, include_extras=True)[name])
    for name, parameter in inspect.signature(_options).parameters.items()
}
