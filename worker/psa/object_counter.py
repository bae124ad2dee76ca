"""Counts what a flow does to records of ConnectWise, in the metric `cwbridge_objects_total`."""

from __future__ import annotations

from typing import Literal

from prometheus_client import Counter

from cwbridge import metrics

Action = Literal["created", "updated", "deleted", "reactivated", "missing"]


class ObjectCounter:
    """The counts of one flow; the series it has counted in are kept, because to look one up costs more than to count."""

    def __init__(self, flow: str) -> None:
        self._flow = flow
        self._series: dict[tuple[str, Action], Counter] = {}

    def count(self, noun: str, action: Action) -> None:
        """One more record of the kind `noun`; the label is its snake case, such as `product_item`."""
        series = self._series.get((noun, action))
        if series is None:
            name = noun.replace(" ", "_").replace("-", "_").lower()
            series = self._series[noun, action] = metrics.OBJECTS.labels(self._flow, name, action)
        series.inc()
