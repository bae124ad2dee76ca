"""The named points between two writes, each with an edit that leads a worker there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sandbox.faults import Action, FaultRule
from tests.fault.edits import Editor
from tests.fault.part import SeededEditor
from tests.fault.stage import Act, Stage

Method = Literal["POST", "PATCH", "DELETE"]
_REACHED_SECONDS = 6.0
_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class Point:
    """One kind of write; `after` lets so many of the kind pass, `edit` belongs to the class `editor`."""

    name: str
    method: Method
    path: str
    edit: Callable[[Any], object]
    after: int = 0
    system: str = "connectwise"
    editor: type[SeededEditor] = Editor


POINTS = (
    Point(name="opportunity", method="POST", path="/sales/opportunities", edit=Editor.begin_project),
    Point(name="first product", method="POST", path="/procurement/products", edit=Editor.change_line),
    Point(
        name="later product", method="POST", path="/procurement/products", edit=Editor.change_line, after=3
    ),
    Point(name="product deleted", method="DELETE", path="/procurement/products/*", edit=Editor.change_line),
    Point(name="opportunity changed", method="PATCH", path="/sales/opportunities/*", edit=Editor.rename),
    Point(name="catalog item", method="POST", path="/procurement/catalog", edit=Editor.add_novelty),
    Point(name="company", method="POST", path="/company/companies", edit=Editor.begin_client_project),
    Point(name="contact", method="POST", path="/company/contacts", edit=Editor.begin_client_project),
    Point(name="site", method="POST", path="/company/companies/*/sites", edit=Editor.begin_client_project),
)


def kill_at_each_point(points: Sequence[Point]) -> Act:
    """At every point, before the write and after it, all workers are killed; the write that was under way takes effect."""

    async def act(stage: Stage) -> None:
        await stage.settled()
        actions: tuple[Action, ...] = ("hold_before", "hold_after")
        visits = [(point, action) for point in points for action in actions]
        stage.dice.shuffle(visits)
        for point, action in visits:
            await _visited(stage, point, action)
            stage.fleet.kill_all("worker")
            stage.disarm("point")

    return act


def lose_at_each_point(points: Sequence[Point], *actions: Action) -> Act:
    """At every point the write takes effect and its answer is lost: dropped, cut in half or garbled."""

    async def act(stage: Stage) -> None:
        await stage.settled()
        visits = [(point, action) for point in points for action in actions]
        stage.dice.shuffle(visits)
        for point, action in visits:
            _arm(stage, point, action)
            await _led_to(stage, point, action, partial(stage.faults(point.system).hits, "point"))
            stage.disarm("point")

    return act


async def _visited(stage: Stage, point: Point, action: Action) -> None:
    """A worker stands at the point; one more edit comes meanwhile."""
    _arm(stage, point, action)
    await _led_to(stage, point, action, partial(stage.faults(point.system).waiting, "point"))
    await asyncio.sleep(stage.dice.uniform(0, 0.05))


async def _led_to(stage: Stage, point: Point, action: Action, reached: Callable[[], int]) -> None:
    """Edit until a worker comes to the point, then once more; an edit may be overtaken by another disruption."""
    for _ in range(_TRIES):
        stage.editor(point.editor).make(point.edit)
        if await stage.until(reached, within=_REACHED_SECONDS):
            break
    else:
        stage.missed.append(f"{action} {point.name}")
    stage.edit()


def _arm(stage: Stage, point: Point, action: Action) -> None:
    stage.faults(point.system).add(
        FaultRule(
            name="point", action=action, method=point.method, path=point.path, after=point.after, times=1
        )
    )
