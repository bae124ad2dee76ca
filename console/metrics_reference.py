"""The reference of the metrics, generated from their definitions so that it is never out of date."""

from __future__ import annotations

from collections.abc import Iterable

from cwbridge import cluster_metrics, metrics
from cwbridge.series import Series

_INTRODUCTION = """# Metrics

Every process serves these as `GET /metrics` on `http.listen`, in the text format of Prometheus, without a login. Units are in the
names; no label holds the id or the name of an object. A histogram `x` has the series `x_bucket`, `x_sum` and `x_count`.

Alerts that use them are in `deploy/prometheus`, dashboards in `deploy/grafana` ([dashboards.md](dashboards.md)). This page is printed by `cwbridge metrics`.
"""
_PROCESS = """## Of each process

Each process counts its own work: add them up with `sum`.
"""
_CLUSTER = """## Of the whole daemon

These describe what is in Redis. Only producers export them (and `cwbridge run`), every one the same values: take the `max` of them.
While Redis is away they are absent.
"""


def metrics_page() -> str:
    """The whole page as Markdown."""
    parts = (_INTRODUCTION, _PROCESS, _table(metrics.PROCESS), _CLUSTER, _table(cluster_metrics.CLUSTER))
    return "\n".join(parts)


def _table(series: Iterable[Series]) -> str:
    rows = (
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels) or '-'} | {one.meaning} |"
        for one in sorted(series, key=lambda one: one.name)
    )
    return "\n".join(["| series | kind | labels | meaning |", "| --- | --- | --- | --- |", *rows]) + "\n"
