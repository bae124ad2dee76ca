"""The series that describe what is in Redis, the same whichever process reads them; exported by producers only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cwbridge.series import Kind, Series

Values = Mapping[tuple[str, ...], float]
"""The value of each combination of labels, in the order of the series' labels."""

CLUSTER: list[Series] = []


def _series(name: str, meaning: str, *labels: str, kind: Kind = "gauge") -> Series:
    series = Series(name, kind, labels, meaning, "cluster")
    CLUSTER.append(series)
    return series


LIMITER_LIMIT = _series(
    "cwbridge_limiter_limit_calls",
    "Calls allowed per window now; a throttle lowers it for some minutes.",
    "system",
)
LIMITER_USED = _series("cwbridge_limiter_used_calls", "Calls made in the current window.", "system")
ON_HOLD = _series(
    "cwbridge_system_on_hold",
    "1 while the system is on hold because it refused the credentials, else 0.",
    "system",
)
QUEUE_JOBS = _series(
    "cwbridge_queue_jobs",
    "Jobs by state: due, scheduled, dispatched, running, waiting, dead, held.",
    "flow",
    "state",
)
QUEUE_OLDEST_PENDING = _series(
    "cwbridge_queue_oldest_pending_age_seconds",
    "Age of the oldest pending job since its first enqueue; waiting and retrying jobs count.",
    "flow",
    "lane",
)
JOBS_WAITING = _series("cwbridge_jobs_waiting", "Jobs that wait now, by error.", "flow", "error")
DEAD_LETTERS = _series("cwbridge_dead_letters", "Dead jobs now, by error.", "flow", "error")
REQUEUES = _series(
    "cwbridge_requeues_total",
    "Jobs that a person or a schedule requeued, since Redis was new.",
    "flow",
    "by",
    kind="counter",
)
WATERMARK = _series(
    "cwbridge_watermark_timestamp_seconds", "The moment up to which a source has been read.", "source"
)
SCHEDULE_LAST_SUCCESS = _series(
    "cwbridge_schedule_last_success_timestamp_seconds",
    "Time of the last run of a schedule that succeeded, by whichever producer.",
    "schedule",
)
FULL_SYNC = _series(
    "cwbridge_full_sync_last_success_timestamp_seconds",
    "Time of the last full sync that succeeded.",
    "source",
)
MISMATCH_OBJECTS = _series(
    "cwbridge_mismatch_objects", "Objects whose money differs between source and target now.", "flow"
)
MISMATCH_AMOUNT = _series(
    "cwbridge_mismatch_amount",
    "Sum of those differences without sign, in units of the currency; the currency is empty where the source names none.",
    "flow",
    "currency",
)
WORKERS = _series("cwbridge_workers", "Workers seen in the last half minute.")
WORKER_SLOTS = _series("cwbridge_worker_slots", "Slots of these workers: jobs that can run at once.")
WORKER_SLOTS_BUSY = _series("cwbridge_worker_slots_busy", "Slots with a job.")
REDIS_DURABLE = _series(
    "cwbridge_redis_durable",
    "1 when Redis keeps its data over a restart and evicts nothing, as far as it tells; else 0.",
)


class Cluster(Collector):
    """Exports the values of the last refresh; nothing before the first, and nothing after one that failed."""

    def __init__(self) -> None:
        self._values: Mapping[str, Values] = {}

    def update(self, values: Mapping[Series, Values]) -> None:
        """Export these from now on."""
        self._values = {series.name: each for series, each in values.items()}

    def forget(self) -> None:
        """Export nothing: what is in Redis is not known."""
        self._values = {}

    def value(self, series: Series, *labels: str) -> float | None:
        """The value exported now."""
        return self._values.get(series.name, {}).get(labels)

    def collect(self) -> Iterator[Metric]:
        for series in CLUSTER:
            if series.name in self._values:
                yield _family(series, self._values[series.name].items())


def _family(series: Series, values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    kind = CounterMetricFamily if series.kind == "counter" else GaugeMetricFamily
    family = kind(series.name.removesuffix("_total"), series.meaning, labels=series.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


EXPORTED = Cluster()
REGISTRY.register(EXPORTED)
