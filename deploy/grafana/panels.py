"""Panels: each has its query, its unit, what it means, the runbook that helps, and a way to the status page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model

Kind = Literal["stat", "graph", "stack", "table"]
Query = tuple[str, str]
"""An expression, and the name of its series with labels in double braces; an empty name shows the value alone."""

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHTS: Mapping[Kind, int] = {"stat": 4, "graph": 8, "stack": 8, "table": 8}
GREEN, AMBER, RED, BLUE = "green", "orange", "red", "blue"
Steps = Sequence[tuple[float | None, str]]
"""Colours from a value on; the first has no value."""

NONE_IS_GOOD: Steps = ((None, GREEN), (1, RED))
SOME_IS_GOOD: Steps = ((None, RED), (1, GREEN))


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel: `width` of 24, and the alerts whose runbooks help when it looks wrong."""

    kind: Kind
    title: str
    means: str
    queries: tuple[Query, ...]
    unit: str
    width: int
    alerts: tuple[str, ...]
    steps: Steps = ((None, BLUE),)

    @property
    def height(self) -> int:
        return _HEIGHTS[self.kind]

    def built(self, x: int, y: int) -> Builder[model.Panel]:
        """The panel at its place in the grid."""
        match self.kind:
            case "stat":
                made = (
                    stat.Panel()
                    .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
                    .color_mode(common_model.BigValueColorMode.BACKGROUND)
                    .graph_mode(common_model.BigValueGraphMode.NONE)
                )
            case "table":
                made = table.Panel()
            case "graph" | "stack":
                made = timeseries.Panel().fill_opacity(10).show_points(common_model.VisibilityMode.NEVER)
                if self.kind == "stack":
                    made = made.stacking(
                        common.StackingConfig().mode(common_model.StackingMode.NORMAL)
                    ).fill_opacity(40)
        steps = [model.Threshold(value=value, color=color) for value, color in self.steps]
        made = (
            made.title(self.title)
            .description(self.means)
            .datasource(DATASOURCE)
            .unit(self.unit)
            .grid_pos(model.GridPos(h=self.height, w=self.width, x=x, y=y))
            .thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
            .links(self._links())
        )
        for ref, (expression, name) in zip("ABCDEF", self.queries, strict=False):
            made = made.with_target(self._target(ref, expression, name))
        return made

    def _target(self, ref: str, expression: str, name: str) -> prometheus.Dataquery:
        query = prometheus.Dataquery().expr(expression).legend_format(name).ref_id(ref).datasource(DATASOURCE)
        if self.kind == "table":
            return query.instant().format("table")
        return query.instant() if self.kind == "stat" else query.range()

    def _links(self) -> list[dashboard.DashboardLink]:
        runbooks = [link(f"Runbook {alert}", f"${{docs:raw}}/runbooks/{alert}.md") for alert in self.alerts]
        if not runbooks:
            runbooks = [link("Runbooks", "${docs:raw}/runbooks/README.md")]
        return [*runbooks, link("Status page", "${status_page:raw}/")]


def link(title: str, url: str) -> dashboard.DashboardLink:
    """A link that opens beside the dashboard."""
    return (
        dashboard.DashboardLink(title)
        .type(model.DashboardLinkType.LINK)
        .url(url)
        .target_blank(target_blank=True)
    )
