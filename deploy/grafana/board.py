"""A dashboard: rows that each ask one question, the variables, and what happened as annotations."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from deploy.grafana.panels import DATASOURCE, Panel

_WIDTH = 24
_DOCS = "https://docs.example.com/cwbridge"
_STATUS_PAGE = "http://127.0.0.1:8480"
_TAG = "cwbridge"


class Row(msgspec.Struct, frozen=True):
    """One question and the panels that answer it."""

    question: str
    panels: Sequence[Panel]


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """One dashboard; `variables` are the labels that it can be narrowed to, beside the namespace, with a series that has them."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[tuple[str, str]] = ()

    def built(self) -> model.Dashboard:
        """The dashboard as Grafana reads it."""
        made = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([_TAG])
            .readonly()
            .refresh("30s")
            .time("now-6h", "now")
            .timezone("utc")
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .link(
                dashboard.DashboardLink("Other dashboards")
                .type(model.DashboardLinkType.DASHBOARDS)
                .tags([_TAG])
                .include_vars(include_vars=True)
                .keep_time(keep_time=True)
            )
        )
        for annotation in _annotations():
            made = made.annotation(annotation)
        made = made.with_variable(
            dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        )
        for name, series in (("namespace", "cwbridge_build_info"), *self.variables):
            made = made.with_variable(_labels(name, series))
        for name, label, value in (
            ("docs", "Documentation", _DOCS),
            ("status_page", "Status page", _STATUS_PAGE),
        ):
            made = made.with_variable(dashboard.TextBoxVariable(name).label(label).default_value(value))
        return self._with_rows(made).build()

    def _with_rows(self, made: dashboard.Dashboard) -> dashboard.Dashboard:
        y = 0
        for row in self.rows:
            made = made.with_row(dashboard.Row(row.question).grid_pos(model.GridPos(h=1, w=_WIDTH, x=0, y=y)))
            x, y, height = 0, y + 1, 0
            for panel in row.panels:
                if x + panel.width > _WIDTH:
                    x, y, height = 0, y + height, 0
                made = made.with_panel(panel.built(x, y))
                x, height = x + panel.width, max(height, panel.height)
            y += height
        return made


def _labels(name: str, series: str) -> dashboard.QueryVariable:
    """A variable of every value of a label; `All` matches series without the label too."""
    return (
        dashboard.QueryVariable(name)
        .datasource(DATASOURCE)
        .query(f"label_values({series}, {name})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .include_all(include_all=True)
        .all_value(".*")
        .multi(multi=True)
    )


def _annotations() -> list[dashboard.AnnotationQuery]:
    """Deploys: a process has started; audits: jobs have begun to wait for an inventory."""
    of = 'namespace=~"$namespace"'
    started = f'process_start_time_seconds{{job=~".*cwbridge.*",{of}}}'
    return [
        # A new pod is a new series, in which no change is seen.
        _annotation("Deploys", "blue", f"count(timestamp({started}) - {started} < 60) > 0"),
        _annotation(
            "Inventory audits",
            "orange",
            f'max(cwbridge_jobs_waiting{{error="InventoryLocked",{of}}}) > 0'
            f' unless max(cwbridge_jobs_waiting{{error="InventoryLocked",{of}}} offset 1m) > 0',
        ),
    ]


def _annotation(name: str, color: str, expression: str) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .icon_color(color)
        .enable(enable=True)
        .expr(expression)
    )
