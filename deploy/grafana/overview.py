"""The overview: one screen that says whether it is well, and where to look when it is not."""

from __future__ import annotations

from deploy.grafana.board import Board, Row
from deploy.grafana.expressions import (
    age,
    increase,
    matched,
    of_daemon,
    quantile,
    rate,
    share,
    total_of_daemon,
)
from deploy.grafana.overview_day import MACHINE, MONEY, TODAY
from deploy.grafana.panels import AMBER, GREEN, NONE_IS_GOOD, RED, SOME_IS_GOOD, Panel

_FIRING = ('alertname=~"Cwbridge.+"', 'alertstate="firing"', 'severity!="info"')
_LATE = ((None, GREEN), (600, AMBER), (1800, RED))

_WELL = Row(
    "Is it well?",
    (
        Panel(
            kind="stat",
            title="Alerts firing",
            means="Alerts of cwbridge that fire now and need a person; the list is in Prometheus.",
            queries=((f"sum({matched('ALERTS', *_FIRING)}) or vector(0)", ""),),
            unit="none",
            width=4,
            alerts=(),
            steps=NONE_IS_GOOD,
        ),
        Panel(
            kind="stat",
            title="Workers",
            means="Workers seen in the last half minute.",
            queries=((of_daemon("cwbridge_workers"), ""),),
            unit="none",
            width=4,
            alerts=("CwbridgeNoWorker", "CwbridgeDown"),
            steps=SOME_IS_GOOD,
        ),
        Panel(
            kind="stat",
            title="Oldest pending job",
            means="Age of the oldest pending edit or job that a person asked for, waits and retries included.",
            queries=((of_daemon("cwbridge_queue_oldest_pending_age_seconds", "", 'lane!="backlog"'), ""),),
            unit="s",
            width=4,
            alerts=("CwbridgeBehind",),
            steps=_LATE,
        ),
        Panel(
            kind="stat",
            title="Dead jobs",
            means="Jobs that failed for good; they are retried once a day, or when a person requeues them.",
            queries=((total_of_daemon("cwbridge_queue_jobs", "flow", 'state="dead"'), ""),),
            unit="none",
            width=4,
            alerts=("CwbridgeDeadLetters", "CwbridgeBug"),
            steps=NONE_IS_GOOD,
        ),
        Panel(
            kind="stat",
            title="Systems on hold",
            means="Systems that refused the credentials; nothing is sent to them until the credentials work.",
            queries=((total_of_daemon("cwbridge_system_on_hold", "system"), ""),),
            unit="none",
            width=4,
            alerts=("CwbridgeSystemOnHold",),
            steps=NONE_IS_GOOD,
        ),
        Panel(
            kind="stat",
            title="Objects whose money differs",
            means="Orders, invoices and opportunities whose amounts differ between source and ConnectWise now.",
            queries=((total_of_daemon("cwbridge_mismatch_objects", "flow"), ""),),
            unit="none",
            width=4,
            alerts=("CwbridgeMoneyMismatch",),
            steps=NONE_IS_GOOD,
        ),
    ),
)

_BEHIND = Row(
    "How far behind is it, and why?",
    (
        Panel(
            kind="graph",
            title="Oldest pending job by lane",
            means="Age since the first enqueue; the backlog is that of full syncs.",
            queries=(
                (of_daemon("cwbridge_queue_oldest_pending_age_seconds", "flow, lane"), "{{flow}} {{lane}}"),
            ),
            unit="s",
            width=8,
            alerts=("CwbridgeBehind",),
        ),
        Panel(
            kind="stack",
            title="Jobs by state",
            means="Outstanding jobs of all flows.",
            queries=((total_of_daemon("cwbridge_queue_jobs", "flow, state", over="state"), "{{state}}"),),
            unit="none",
            width=8,
            alerts=("CwbridgeBehind",),
        ),
        Panel(
            kind="graph",
            title="What jobs wait for",
            means="Waiting jobs by error: a limit, a lock, another object, an inventory audit.",
            queries=((of_daemon("cwbridge_jobs_waiting", "flow, error"), "{{flow}} {{error}}"),),
            unit="none",
            width=8,
            alerts=("CwbridgeInventoryAudit", "CwbridgeBehind"),
        ),
        Panel(
            kind="graph",
            title="From the change to ConnectWise",
            means="From the source's own time of change to the end of the run that wrote it: half of the edits, and 95 of 100.",
            queries=(
                (quantile(0.5, "cwbridge_source_to_target_seconds", "flow", window="30m"), "{{flow}} half"),
                (quantile(0.95, "cwbridge_source_to_target_seconds", "flow", window="30m"), "{{flow}} 95 %"),
            ),
            unit="s",
            width=8,
            alerts=("CwbridgeSlow",),
        ),
        Panel(
            kind="graph",
            title="Age of the last poll",
            means="Time since each schedule succeeded last, whichever producer did it.",
            queries=((age("cwbridge_schedule_last_success_timestamp_seconds", "schedule"), "{{schedule}}"),),
            unit="s",
            width=8,
            alerts=("CwbridgePollStale",),
        ),
        Panel(
            kind="graph",
            title="Slots of the workers",
            means="Slots there are, and slots with a job: when all are busy, another worker helps, unless a limit is used up.",
            queries=(
                (of_daemon("cwbridge_worker_slots"), "slots"),
                (of_daemon("cwbridge_worker_slots_busy"), "busy"),
            ),
            unit="none",
            width=8,
            alerts=("CwbridgeBehind", "CwbridgeLimitSaturated"),
        ),
    ),
)

_SYSTEMS = Row(
    "Which system is slow or refuses?",
    (
        Panel(
            kind="graph",
            title="Calls that failed",
            means="Calls a second that were answered with 4xx or 5xx, or not at all.",
            queries=(
                (
                    rate(
                        "cwbridge_api_requests_total", "system, status_class", 'status_class=~"4xx|5xx|lost"'
                    ),
                    "{{system}} {{status_class}}",
                ),
            ),
            unit="reqps",
            width=8,
            alerts=("CwbridgeSystemUnreachable", "CwbridgeSystemOnHold"),
        ),
        Panel(
            kind="graph",
            title="Time of an answer",
            means="95 of 100 calls are answered in this time.",
            queries=((quantile(0.95, "cwbridge_api_request_duration_seconds", "system"), "{{system}}"),),
            unit="s",
            width=8,
            alerts=("CwbridgeSystemUnreachable",),
        ),
        Panel(
            kind="graph",
            title="Use of the limit",
            means="Calls in the current window as a share of those allowed.",
            queries=(
                (
                    share(
                        of_daemon("cwbridge_limiter_used_calls", "system"),
                        of_daemon("cwbridge_limiter_limit_calls", "system"),
                    ),
                    "{{system}}",
                ),
            ),
            unit="percentunit",
            width=8,
            alerts=("CwbridgeLimitSaturated", "CwbridgeThrottled"),
        ),
    ),
)

_DEAD = Row(
    "What is dead, and for which cause?",
    (
        Panel(
            kind="graph",
            title="Dead jobs by error",
            means="The status page has the cause of each group with the command that requeues it.",
            queries=((of_daemon("cwbridge_dead_letters", "flow, error"), "{{flow}} {{error}}"),),
            unit="none",
            width=8,
            alerts=("CwbridgeDeadLetters", "CwbridgeBug"),
        ),
        Panel(
            kind="stack",
            title="How runs end",
            means="Runs a second by outcome.",
            queries=((rate("cwbridge_job_runs_total", "outcome"), "{{outcome}}"),),
            unit="ops",
            width=8,
            alerts=("CwbridgeDeadLetters",),
        ),
        Panel(
            kind="graph",
            title="Runs whose worker crashed",
            means="In the hour before.",
            queries=((increase("cwbridge_job_crashes_total", "flow", window="1h"), "{{flow}}"),),
            unit="none",
            width=8,
            alerts=("CwbridgeCrashLoop",),
        ),
    ),
)

OVERVIEW = Board(
    uid="cwbridge-overview",
    title="cwbridge / overview",
    description="Whether cwbridge is well, how far behind it is, and why.",
    rows=(_WELL, _BEHIND, _SYSTEMS, _DEAD, MONEY, TODAY, MACHINE),
)
