"""One flow: what it has to do, how its runs end, and what it wrote."""

from __future__ import annotations

from deploy.grafana.board import Board, Row
from deploy.grafana.expressions import age, increase, matched, of_daemon, quantile, rate
from deploy.grafana.panels import AMBER, GREEN, RED, Panel

_OF = 'flow=~"$flow"'

_WORK = Row(
    "What has it to do?",
    (
        Panel(
            kind="stack",
            title="Jobs by state",
            means="Outstanding jobs of the flow.",
            queries=((of_daemon("cwbridge_queue_jobs", "flow, state", _OF), "{{flow}} {{state}}"),),
            unit="none",
            width=8,
            alerts=("CwbridgeBehind",),
        ),
        Panel(
            kind="graph",
            title="Oldest pending job",
            means="Age since the first enqueue.",
            queries=(
                (
                    of_daemon("cwbridge_queue_oldest_pending_age_seconds", "flow, lane", _OF),
                    "{{flow}} {{lane}}",
                ),
            ),
            unit="s",
            width=8,
            alerts=("CwbridgeBehind",),
        ),
        Panel(
            kind="graph",
            title="Wait in the queue",
            means="From the moment a job was due to its start, 95 of 100.",
            queries=(
                (quantile(0.95, "cwbridge_job_queue_wait_seconds", "flow, lane", _OF), "{{flow}} {{lane}}"),
            ),
            unit="s",
            width=8,
            alerts=("CwbridgeBehind", "CwbridgeNoWorker"),
        ),
        Panel(
            kind="graph",
            title="Read until",
            means="Time between now and the moment up to which each source has been read.",
            queries=((age("cwbridge_watermark_timestamp_seconds", "source"), "{{source}}"),),
            unit="s",
            width=8,
            alerts=("CwbridgePollStale",),
        ),
        Panel(
            kind="graph",
            title="Age of the last full sync",
            means="A full sync finds what time stamps miss.",
            queries=((age("cwbridge_full_sync_last_success_timestamp_seconds", "source"), "{{source}}"),),
            unit="s",
            width=8,
            alerts=("CwbridgeFullSyncStale",),
        ),
        Panel(
            kind="graph",
            title="Runs of the schedules",
            means="In the hour before, by outcome.",
            queries=(
                (
                    increase("cwbridge_schedule_runs_total", "schedule, outcome", window="1h"),
                    "{{schedule}} {{outcome}}",
                ),
            ),
            unit="none",
            width=8,
            alerts=("CwbridgePollStale",),
        ),
    ),
)

_RUNS = Row(
    "How do its runs end?",
    (
        Panel(
            kind="stat",
            title="Since the last success",
            means="Time since any worker ended a run of the flow well.",
            queries=(
                (
                    f"time() - max by (flow) ({matched('cwbridge_sync_last_success_timestamp_seconds', _OF)} > 0)",
                    "{{flow}}",
                ),
            ),
            unit="s",
            width=6,
            alerts=("CwbridgeNoWorker", "CwbridgeBehind"),
            steps=((None, GREEN), (3600, AMBER), (86400, RED)),
        ),
        Panel(
            kind="stack",
            title="Runs by outcome",
            means="Runs a second.",
            queries=((rate("cwbridge_job_runs_total", "flow, outcome", _OF), "{{flow}} {{outcome}}"),),
            unit="ops",
            width=9,
            alerts=("CwbridgeDeadLetters",),
        ),
        Panel(
            kind="graph",
            title="Time of a run",
            means="95 of 100 runs that ended in this way.",
            queries=(
                (
                    quantile(0.95, "cwbridge_job_duration_seconds", "flow, outcome", _OF),
                    "{{flow}} {{outcome}}",
                ),
            ),
            unit="s",
            width=9,
            alerts=("CwbridgeSlow",),
        ),
        Panel(
            kind="graph",
            title="Runs now",
            means="Of all workers.",
            queries=((f"sum by (flow) ({matched('cwbridge_jobs_in_progress', _OF)})", "{{flow}}"),),
            unit="none",
            width=6,
            alerts=("CwbridgeNoWorker",),
        ),
        Panel(
            kind="graph",
            title="Waiting and dead jobs by error",
            means="The status page has the cause of each group.",
            queries=(
                (of_daemon("cwbridge_jobs_waiting", "flow, error", _OF), "{{flow}} waits: {{error}}"),
                (of_daemon("cwbridge_dead_letters", "flow, error", _OF), "{{flow}} dead: {{error}}"),
            ),
            unit="none",
            width=9,
            alerts=("CwbridgeDeadLetters", "CwbridgeBug", "CwbridgeInventoryAudit"),
        ),
        Panel(
            kind="graph",
            title="Crashes and requeues",
            means="Runs whose worker crashed in the hour before, and jobs put back since Redis was new.",
            queries=(
                (increase("cwbridge_job_crashes_total", "flow", _OF, window="1h"), "{{flow}} crashed"),
                (of_daemon("cwbridge_requeues_total", "flow, by", _OF), "{{flow}} requeued by {{by}}"),
            ),
            unit="none",
            width=9,
            alerts=("CwbridgeCrashLoop",),
        ),
    ),
)

_WRITTEN = Row(
    "What did it write, and how soon?",
    (
        Panel(
            kind="graph",
            title="From the change to ConnectWise",
            means="From the source's own time of change to the end of the run that wrote it, 95 of 100.",
            queries=(
                (quantile(0.95, "cwbridge_source_to_target_seconds", "flow", _OF, window="30m"), "{{flow}}"),
            ),
            unit="s",
            width=8,
            alerts=("CwbridgeSlow",),
        ),
        Panel(
            kind="table",
            title="Records written",
            means="In the time shown.",
            queries=((increase("cwbridge_objects_total", "flow, object, action", _OF), ""),),
            unit="none",
            width=8,
            alerts=(),
        ),
        Panel(
            kind="graph",
            title="Money that differs now",
            means="Objects whose money differs, and the sum of the differences by currency.",
            queries=(
                (of_daemon("cwbridge_mismatch_objects", "flow", _OF), "{{flow}} objects"),
                (of_daemon("cwbridge_mismatch_amount", "flow, currency", _OF), "{{flow}} {{currency}}"),
            ),
            unit="none",
            width=8,
            alerts=("CwbridgeMoneyMismatch",),
        ),
    ),
)

FLOW = Board(
    uid="cwbridge-flow",
    title="cwbridge / flow",
    description="What one flow has to do, how its runs end, and what it wrote.",
    variables=(("flow", "cwbridge_queue_jobs"),),
    rows=(_WORK, _RUNS, _WRITTEN),
)
