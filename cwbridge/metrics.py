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
    "Calls sent, by answer; status_class is 2xx..5xx, or lost when no answer came.",
    ["system", "method", "endpoint", "status_class"],
)
API_DURATION = Histogram(
    "cwbridge_api_request_duration_seconds",
    "Time from sending a call to its whole answer.",
    ["system", "method", "endpoint"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
API_THROTTLED = Counter("cwbridge_api_throttled_total", "Calls answered 429.", ["system"])
API_REPEATED = Counter(
    "cwbridge_api_repeated_total", "Calls sent again inside one request, by why.", ["system", "reason"]
)
SYSTEM_ON_HOLD = Gauge(
    "cwbridge_system_on_hold", "1 while a system is on hold because it refused the credentials.", ["system"]
)

LIMITER_WAIT = Histogram(
    "cwbridge_limiter_wait_seconds",
    "Time a call waited for its turn under the shared limits.",
    ["system"],
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
LIMITER_LIMIT = Gauge("cwbridge_limiter_limit_calls_per_second", "Configured limit.", ["system"])
LIMITER_IN_FLIGHT = Gauge("cwbridge_limiter_in_flight", "Calls of this process under way.", ["system"])

# Jobs.
JOB_RUNS = Counter(
    "cwbridge_job_runs_total",
    "Runs of jobs, by outcome: succeeded, deferred, retried, dead_lettered, or lease_lost when another worker has the job.",
    ["flow", "outcome"],
)
JOB_DURATION = Histogram(
    "cwbridge_job_duration_seconds",
    "Time a run of a job took.",
    ["flow", "outcome"],
    buckets=(0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
JOBS_IN_PROGRESS = Gauge("cwbridge_jobs_in_progress", "Jobs running in this process.", ["flow"])
JOB_QUEUE_WAIT = Histogram(
    "cwbridge_job_queue_wait_seconds",
    "Time between a job being due and its start; deliberate delay is left out.",
    ["flow", "lane"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
)
JOB_CRASHES = Counter("cwbridge_job_crashes_total", "Runs taken back from workers that died.", ["flow"])
QUEUE_JOBS = Gauge(
    "cwbridge_queue_jobs",
    "Jobs by state: due, scheduled, dispatched, running, waiting, dead, held.",
    ["flow", "state"],
)
QUEUE_OLDEST_PENDING = Gauge(
    "cwbridge_queue_oldest_pending_age_seconds",
    "Age of the oldest job that is not settled, from its first enqueue; waiting and retrying jobs included.",
    ["flow", "lane"],
)


class Totals(Protocol):
    """Totals as the queue keeps them in Redis: by flow and error, and by flow and by whom."""

    @property
    def dead_letters(self) -> Mapping[tuple[str, str], int]: ...

    @property
    def requeues(self) -> Mapping[tuple[str, str], int]: ...


class StoredTotals(Collector):
    """Counters whose totals are kept in Redis, because a command line that ends is never scraped."""

    def __init__(self) -> None:
        self._totals: Totals | None = None

    def update(self, totals: Totals) -> None:
        """Show these totals from now on."""
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        dead = CounterMetricFamily(
            "cwbridge_dead_letters", "Jobs that became dead letters, by error.", labels=["flow", "error"]
        )
        requeues = CounterMetricFamily(
            "cwbridge_requeues", "Jobs requeued by a person or a schedule.", labels=["flow", "by"]
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

# What the flows did.
LAST_SUCCESS = Gauge(
    "cwbridge_sync_last_success_timestamp_seconds", "When an object was last settled.", ["flow"]
)
OBJECTS = Counter(
    "cwbridge_objects_total", "Records of the target by what was done to them.", ["object", "action"]
)

# Producers.
POLLS = Counter("cwbridge_polls_total", "Polls by how they ended.", ["schedule", "outcome"])
POLL_LAST_SUCCESS = Gauge(
    "cwbridge_poll_last_success_timestamp_seconds", "When a poll last succeeded.", ["schedule"]
)
JOBS_ENQUEUED = Counter("cwbridge_jobs_enqueued_total", "Keys enqueued by producers.", ["schedule"])

# The process itself.
LOOP_LAG = Gauge("cwbridge_event_loop_lag_seconds", "How late the event loop woke at the last look.")
REDIS_UP = Gauge("cwbridge_redis_up", "1 when Redis answered the last look.")
