"""Counts what a flow does to records of ConnectWise, in the metric `cwbridge_objects_total`."""

from __future__ import annotations

from typing import Literal

from cwbridge import metrics

Action = Literal["created", "updated", "deleted", "reactivated", "missing"]


class ObjectCounter:
    """The counts of one flow."""

    def __init__(self, flow: str) -> None:
        self._flow = flow

    def count(self, noun: str, action: Action) -> None:
        """One more record of the kind `noun`; the label is its snake case, such as `product_item`."""
        name = noun.replace(" ", "_").replace("-", "_").lower()
        metrics.OBJECTS.labels(self._flow, name, action).inc()
