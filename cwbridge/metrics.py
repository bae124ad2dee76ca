"""Every Prometheus series that a process counts itself, in one place: prefix `cwbridge_`, base units, no object ids in labels.

What describes the data in Redis is in cluster_metrics.py.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

from cwbridge import __version__
from cwbridge.series import Series

# A second series beside each counter and histogram that says when it began: twice the number of series, for no query.
disable_created_metrics()  # type: ignore[no-untyped-call]

PROCESS: list[Series] = []


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    PROCESS.append(Series(name, "counter", labels, meaning, "process"))
    return Counter(name, meaning, labels)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    PROCESS.append(Series(name, "gauge", labels, meaning, "process"))
    return Gauge(name, meaning, labels)


def _histogram(name: str, meaning: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
    PROCESS.append(Series(name, "histogram", labels, meaning, "process"))
    return Histogram(name, meaning, labels, buckets=buckets)


# Calls to the outside systems; `endpoint` is a template such as /procurement/products/{id}, never a path with ids.
API_REQUESTS = _counter(
    "cwbridge_api_requests_total",
    "Calls sent, by class of the answer: 2xx to 5xx, or lost when no answer came.",
    "system",
    "method",
    "endpoint",
    "status_class",
)
API_DURATION = _histogram(
    "cwbridge_api_request_duration_seconds",
    "Time from sending a call to the end of its answer.",
    "system",
    "method",
    "endpoint",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
API_RETRIES = _counter(
    "cwbridge_api_retries_total", "Calls that the connector sent again, by reason.", "system", "reason"
)
API_THROTTLED = _counter(
    "cwbridge_api_throttled_total",
    "Calls that the system answered with 429 or its own form of it.",
    "system",
)
API_LAST_SUCCESS = _gauge(
    "cwbridge_api_last_success_timestamp_seconds",
    "Time of the last call that was answered with 2xx.",
    "system",
)

LIMITER_WAIT = _histogram(
    "cwbridge_limiter_wait_seconds",
    "Time a call waited for a slot and its turn under the shared limits.",
    "system",
    "lane",
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
LIMITER_IN_FLIGHT = _gauge(
    "cwbridge_limiter_in_flight_requests", "Calls of this process that are under way.", "system"
)

# Jobs.
JOB_RUNS = _counter(
    "cwbridge_job_runs_total",
    "Runs of jobs, by outcome: succeeded, deferred, retried, dead_lettered, or lease_lost when another worker has the job.",
    "flow",
    "outcome",
)
JOB_DURATION = _histogram(
    "cwbridge_job_duration_seconds",
    "Duration of a run of a job.",
    "flow",
    "outcome",
    buckets=(0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
JOB_QUEUE_WAIT = _histogram(
    "cwbridge_job_queue_wait_seconds",
    "Time from the moment a job was due to its start; debounce and backoff do not count.",
    "flow",
    "lane",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
)
JOBS_IN_PROGRESS = _gauge("cwbridge_jobs_in_progress", "Jobs that run in this process now.", "flow")
JOB_CRASHES = _counter("cwbridge_job_crashes_total", "Runs that ended because their worker crashed.", "flow")

# What the flows have done.
SOURCE_TO_TARGET = _histogram(
    "cwbridge_source_to_target_seconds",
    "Time from the source's own time of change to the end of the run that wrote it; runs of the lane fresh that wrote something, changes of the last week.",
    "flow",
    buckets=(1, 2, 5, 10, 15, 20, 30, 45, 60, 120, 300, 900, 3600, 14400, 86400),
)
LAST_SUCCESS = _gauge(
    "cwbridge_sync_last_success_timestamp_seconds", "Time of the last run that succeeded.", "flow"
)
OBJECTS = _counter(
    "cwbridge_objects_total",
    "Records of the target that a flow created, updated, deleted or reactivated.",
    "flow",
    "object",
    "action",
)
DISCREPANCIES = _counter(
    "cwbridge_discrepancies_total",
    "Differences between source and target that a run found and could not settle: in money by kind (subtotal, tax, amount, total), or line.",
    "flow",
    "kind",
)

# Producers.
SCHEDULE_RUNS = _counter(
    "cwbridge_schedule_runs_total",
    "Runs of a schedule, by outcome: succeeded or failed.",
    "schedule",
    "outcome",
)
JOBS_ENQUEUED = _counter(
    "cwbridge_jobs_enqueued_total", "Keys that producers enqueued, by schedule.", "schedule"
)

# The process itself.
LOOP_LAG = _histogram(
    "cwbridge_event_loop_lag_seconds",
    "How late the event loop woke up, measured once a second.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
)
REDIS_UP = _gauge("cwbridge_redis_up", "1 when Redis answered the last command, else 0.")
REDIS_DURATION = _histogram(
    "cwbridge_redis_command_duration_seconds",
    "Time of a command, script or pipeline of this process until its answer.",
    buckets=(0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10),
)
BUILD = Info("cwbridge_build", "Version of cwbridge.")
BUILD.info({"version": __version__})
PROCESS.append(
    Series("cwbridge_build_info", "info", ("version",), "Version of cwbridge; always 1.", "process")
)
