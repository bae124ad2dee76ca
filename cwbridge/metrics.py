"""Every Prometheus series of every process, in one place: prefix `cwbridge_`, base units, no object ids in labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Info
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from cwbridge import __version__

BUILD = Info("cwbridge_build", "Version of cwbridge.")
BUILD.info({"version": __version__})

# Calls to the outside systems; `endpoint` is a template such as /procurement/products/{id}, never a path with ids.
API_REQUESTS = Counter(
    "cwbridge_api_requests_total",
    "Calls sent, by class of the answer: 2xx to 5xx, or lost when no answer came.",
    ["system", "method", "endpoint", "status_class"],
)
API_DURATION = Histogram(
    "cwbridge_api_request_duration_seconds",
    "Time from sending a call to the end of its answer.",
    ["system", "method", "endpoint"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
API_THROTTLED = Counter(
    "cwbridge_api_throttled_total",
    "Calls that the system answered with 429 or its own form of it.",
    ["system"],
)
API_RETRIES = Counter(
    "cwbridge_api_retries_total", "Calls that the connector sent again, by reason.", ["system", "reason"]
)
SYSTEM_ON_HOLD = Gauge(
    "cwbridge_system_on_hold",
    "1 while the system is on hold because it refused the credentials, else 0.",
    ["system"],
)

LIMITER_WAIT = Histogram(
    "cwbridge_limiter_wait_seconds",
    "Time a call waited for a slot and its turn under the shared limits.",
    ["system", "lane"],
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
LIMITER_LIMIT = Gauge("cwbridge_limiter_limit_calls", "Calls that the settings allow per window.", ["system"])
LIMITER_IN_FLIGHT = Gauge(
    "cwbridge_limiter_in_flight_requests", "Calls of this process that are under way.", ["system"]
)

# Jobs.
JOB_RUNS = Counter(
    "cwbridge_job_runs_total",
    "Runs of jobs, by outcome: succeeded, deferred, retried, dead_lettered, or lease_lost when another worker has the job.",
    ["flow", "outcome"],
)
JOB_DURATION = Histogram(
    "cwbridge_job_duration_seconds",
    "Duration of a run of a job.",
    ["flow", "outcome"],
    buckets=(0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
JOBS_IN_PROGRESS = Gauge("cwbridge_jobs_in_progress", "Jobs that run in this process now.", ["flow"])
JOB_QUEUE_WAIT = Histogram(
    "cwbridge_job_queue_wait_seconds",
    "Time from the moment a job was due to its start; debounce and backoff do not count.",
    ["flow", "lane"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
)
JOB_CRASHES = Counter("cwbridge_job_crashes_total", "Runs that ended because their worker crashed.", ["flow"])
QUEUE_JOBS = Gauge(
    "cwbridge_queue_jobs",
    "Jobs by state: due, scheduled, dispatched, running, waiting, dead, held.",
    ["flow", "state"],
)
QUEUE_OLDEST_PENDING = Gauge(
    "cwbridge_queue_oldest_pending_age_seconds",
    "Age of the oldest pending job since its first enqueue; waiting and retrying jobs count.",
    ["flow", "lane"],
)


class Totals(Protocol):
    """Totals that the queue keeps in Redis: dead letters by flow and error, requeues by flow and actor."""

    @property
    def dead_letters(self) -> Mapping[tuple[str, str], int]: ...

    @property
    def requeues(self) -> Mapping[tuple[str, str], int]: ...


class StoredTotals(Collector):
    """Counters whose totals are kept in Redis, because Prometheus never scrapes a command that ends."""

    def __init__(self) -> None:
        self._totals: Totals | None = None

    def update(self, totals: Totals) -> None:
        """Export these totals from now on."""
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        dead = CounterMetricFamily(
            "cwbridge_dead_letters", "Jobs that became dead letters, by error.", labels=["flow", "error"]
        )
        requeues = CounterMetricFamily(
            "cwbridge_requeues", "Jobs that the operator or a schedule requeued.", labels=["flow", "by"]
        )
        if self._totals is not None:
            for labels, total in self._totals.dead_letters.items():
                dead.add_metric(labels, total)
            for labels, total in self._totals.requeues.items():
                requeues.add_metric(labels, total)
        yield dead
        yield requeues


STORED_TOTALS = StoredTotals()
REGISTRY.register(STORED_TOTALS)

# What the flows have done.
LAST_SUCCESS = Gauge(
    "cwbridge_sync_last_success_timestamp_seconds", "Time of the last run that succeeded.", ["flow"]
)
OBJECTS = Counter(
    "cwbridge_objects_total",
    "Records of the target that a flow created, updated, deleted or reactivated.",
    ["flow", "object", "action"],
)

MONEY_DISCREPANCIES = Gauge(
    "cwbridge_money_discrepancies",
    "Amounts that differ between the source and the target now, by kind (subtotal, tax, amount of a payment) and ISO code of the currency, empty for payments.",
    ["kind", "currency"],
)
MONEY_DIFFERENCE = Gauge(
    "cwbridge_money_difference",
    "Sum of those differences without sign, in units of the currency.",
    ["kind", "currency"],
)

# Producers.
SCHEDULE_RUNS = Counter(
    "cwbridge_schedule_runs_total",
    "Runs of a schedule, by outcome: succeeded or failed.",
    ["schedule", "outcome"],
)
SCHEDULE_LAST_SUCCESS = Gauge(
    "cwbridge_schedule_last_success_timestamp_seconds", "Time of the last run that succeeded.", ["schedule"]
)
JOBS_ENQUEUED = Counter(
    "cwbridge_jobs_enqueued_total", "Keys that producers enqueued, by schedule.", ["schedule"]
)

# The process itself.
LOOP_LAG = Histogram(
    "cwbridge_event_loop_lag_seconds",
    "How late the event loop woke up, measured once a second.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
)
REDIS_UP = Gauge("cwbridge_redis_up", "1 when Redis answered the last command, else 0.")
